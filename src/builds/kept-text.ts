/**
 * Text that is kept for later, outside of the heap: what garbage collection takes for itself grows with what is on it,
 * several times over.
 */
export interface KeptText {
  read(): string;
}

/** Puts a text away. */
export function keepText(text: string): KeptText {
  const bytes = Buffer.from(text);
  return { read: () => bytes.toString() };
}

/** The same text by itself. A part that was cut out of a long text would keep all of that in memory. */
export function cutFree(text: string): string {
  return Buffer.from(text).toString();
}
