const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const;

/** A number of bytes as BuildKit's tools show it: `94B`, `682.85kB`. */
function formatBytes(count: number): string {
  let unit = 0;
  let value = count;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return unit === 0 ? `${count}B` : `${value.toFixed(2)}${UNITS[unit] ?? ''}`;
}

/** How much of how much: `1.05MB / 12.30MB`; empty where nothing is known. */
export function formatAmount({
  current,
  total,
}: {
  readonly current: bigint;
  readonly total: bigint;
}): string {
  if (total !== 0n) return `${formatBytes(Number(current))} / ${formatBytes(Number(total))}`;
  return current === 0n ? '' : formatBytes(Number(current));
}
