import { entriesOf, plannedPulls, plannedRequests, type Plan, type RequestCounts } from './plan.ts';
import { plannedSeconds, type PlannedRate } from './rate.ts';

/**
 * A plan as people read it: `at most 1,810 requests (GET manifest 1,790, GET tags 20), 1,790 count as pulls, 15.1 s at
 * 6,000 a minute`.
 * @param rate at which the requests go; without one, nothing is said of the time
 */
export function formatPlan(plan: Plan, rate?: PlannedRate): string {
  const requests = plannedRequests(plan);
  if (requests === 0) return 'no requests';
  const pulls = plannedPulls(plan);
  const seconds = plannedSeconds(requests, rate);
  return [
    `at most ${formatRequests(requests)} (${formatCounts(plan.requests)})`,
    pulls === 1 ? '1 counts as a pull' : `${formatNumber(pulls)} count as pulls`,
    ...(seconds === undefined || rate === undefined
      ? []
      : [`${formatSeconds(seconds)} at ${formatRate(rate)}`]),
  ].join(', ');
}

/** `1 request`, `1,810 requests`. */
export function formatRequests(requests: number): string {
  return `${formatNumber(requests)} ${requests === 1 ? 'request' : 'requests'}`;
}

/** `GET manifest 1,790, GET tags 20`: by name. */
export function formatCounts(counts: RequestCounts): string {
  return entriesOf(counts)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, each]) => `${label} ${formatNumber(each)}`)
    .join(', ');
}

/** A time as people read it: `0.4 s`, `15.1 s`, `6 min 2 s`, `1 h 5 min`. @param seconds not less than 0 */
export function formatSeconds(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${formatNumber(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

/** `6,000 a minute`, `100 in 30 s`. */
function formatRate({ requests, seconds }: PlannedRate): string {
  const unit = UNITS.get(seconds);
  return unit === undefined
    ? `${formatNumber(requests)} in ${formatNumber(seconds)} s`
    : `${formatNumber(requests)} ${unit}`;
}

const UNITS: ReadonlyMap<number, string> = new Map([
  [1, 'a second'],
  [60, 'a minute'],
  [3600, 'an hour'],
]);

/** The same everywhere: what is written for people here is English. */
export function formatNumber(number: number): string {
  return number.toLocaleString('en');
}
