/**
 * Rows of a table, one under the other.
 * @param words how many columns are of words, which begin under one another; the others, of numbers, end so
 */
export function tableOf(rows: readonly (readonly string[])[], words = 1): readonly string[] {
  const widths: number[] = [];
  for (const row of rows)
    for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  return rows.map((row) =>
    row
      .map((cell, at) => (at < words ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  '),
  );
}
