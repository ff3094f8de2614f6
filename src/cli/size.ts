const UNITS: Readonly<Record<string, number>> = { K: 1, M: 2, G: 3, T: 4 };

/**
 * Reads a size as people write it: `500M`, `1.5G`, `64KiB`, which are powers of 1024; `500MB`, of 1000; a bare number is of bytes.
 * @returns bytes
 * @throws {SyntaxError} for anything else.
 */
export function parseSize(text: string): number {
  const [whole, number, unit, rest] = /^(\d{1,15}(?:\.\d{1,3})?)(?:([KMGT])(i?B)?|B)?$/i.exec(text) ?? [];
  if (whole === undefined)
    throw new SyntaxError(`not a size: ${text.slice(0, 40)}; write it as 500M, 1.5G or 64KiB`);
  const base = rest?.toLowerCase() === 'b' ? 1000 : 1024;
  return Math.round(Number(number) * base ** (unit === undefined ? 0 : (UNITS[unit.toUpperCase()] ?? 0)));
}

/** A size as people read it: `37.2 kB`. @param size in bytes */
export function formatSize(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, size)) / 3)));
  return `${power === 0 ? size : (size / 1000 ** power).toFixed(1)} ${units[power]}`;
}
