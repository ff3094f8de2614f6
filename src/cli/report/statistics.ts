import type { PlaceEvent } from '../../place/index.ts';
import { formatCounts, formatNumber, sumOf, type RequestLabel } from '../../plan/index.ts';

/** Sums of what happened. */
export interface Statistics {
  add(event: PlaceEvent): void;
  /** `requests: 21 (GET manifest 1, …); refused: 404 1; cache: hit 3`, with a line for each limit that a server told. */
  summary(): string;
}

/** Starts counting. */
export function statistics(): Statistics {
  const requests = new Map<RequestLabel, number>();
  const refusals = new Map<string, number>();
  const cache = new Map<string, number>();
  const tokens = new Map<string, number>();
  const quotas = new Map<string, string>();
  let [retries, resumed, waits, waited] = [0, 0, 0, 0];
  return {
    add(event) {
      switch (event.type) {
        case 'request':
          count(requests, `${event.method} ${event.kind}`);
          if (event.status === undefined || event.status >= 400)
            count(refusals, String(event.status ?? 'unanswered'));
          break;
        case 'retry':
          retries++;
          break;
        case 'resume':
        case 'upload-resume':
          resumed++;
          break;
        case 'wait':
          waits++;
          waited += event.duration;
          break;
        case 'token':
          count(tokens, event.source);
          break;
        case 'cache':
          count(cache, event.outcome);
          break;
        case 'quota':
          quotas.set(event.origin, describeQuota(event));
          break;
        case 'mirror':
        case 'warning':
          break;
      }
    },
    summary() {
      const made = Object.fromEntries(requests);
      const parts = [
        `requests: ${formatNumber(sumOf(made))}${requests.size > 0 ? ` (${formatCounts(made)})` : ''}`,
        ...(refusals.size > 0 ? [`refused: ${list(refusals)}`] : []),
        ...(retries > 0 ? [`again: ${retries}`] : []),
        ...(resumed > 0 ? [`resumed: ${resumed}`] : []),
        ...(waits > 0 ? [`waits: ${waits}, ${(waited / 1000).toFixed(1)} s`] : []),
        ...(tokens.size > 0 ? [`tokens: ${list(tokens)}`] : []),
        ...(cache.size > 0 ? [`cache: ${list(cache)}`] : []),
      ];
      return [parts.join('; '), ...quotas.values()].join('\n');
    },
  };
}

function describeQuota({ origin, limit, remaining, window }: Extract<PlaceEvent, { type: 'quota' }>): string {
  const whole = limit === undefined ? '' : ` of ${limit}`;
  return `${origin}: ${remaining}${whole} requests left${window === undefined ? '' : ` in ${window} s`}`;
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function list(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, each]) => `${name} ${each}`)
    .join(', ');
}
