/** Counts of requests. */
export interface Statistics {
  count(kind: string, status: number | undefined): void;
  /** `requests: 21 (GET manifest 1, …); refused: 404 1` */
  summary(): string;
}

export function statistics(): Statistics {
  const kinds = new Map<string, number>();
  const refusals = new Map<string, number>();
  let total = 0;
  const add = (map: Map<string, number>, key: string): void => void map.set(key, (map.get(key) ?? 0) + 1);
  const list = (map: Map<string, number>): string =>
    [...map]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  return {
    count(kind, status) {
      total++;
      add(kinds, kind);
      if (status === undefined || status >= 400) add(refusals, String(status ?? 'unanswered'));
    },
    summary: () =>
      `requests: ${total}${kinds.size > 0 ? ` (${list(kinds)})` : ''}${refusals.size > 0 ? `; refused: ${list(refusals)}` : ''}`,
  };
}
