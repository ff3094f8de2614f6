/** A word for a POSIX shell, which takes nothing in it for anything but itself. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** One command on several lines. */
export function onLines(...words: readonly string[]): string {
  return words.join(' \\\n\t');
}

/** Several commands, one after the other. */
export function script(...commands: readonly string[]): string {
  return commands.join('\n');
}
