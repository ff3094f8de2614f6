import { headerValue, headerValues, type HeaderFields } from './header.ts';
import { parseRetryAfter } from './retry-after.ts';

/** How much a server says that we may still ask of it. */
export interface Quota {
  /** How many requests are allowed in a window. */
  readonly limit: number | undefined;
  /** How many of them are left. */
  readonly remaining: number;
  /** The time that the limit is for, in seconds. */
  readonly window: number | undefined;
}

/** The fields that tell how much is left: without one of them, nothing is told. */
const REMAINING = ['ratelimit', 'ratelimit-remaining', 'x-ratelimit-remaining'];

/**
 * Reads what a server says of its limits, in any of the spellings that are in use:
 * `RateLimit-Limit: 100;w=21600` with `RateLimit-Remaining: 76;w=21600` (Docker Hub, and the earlier drafts of the
 * IETF), `RateLimit: limit=100, remaining=76`, `RateLimit: "default";r=76` (its later ones), and `X-RateLimit-*`.
 * Where there are several limits, it is the one of which the least is left.
 * @see https://docs.docker.com/docker-hub/usage/pulls/#view-hourly-pull-rate-and-limit
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 */
export function parseQuota(headers: HeaderFields): Quota | undefined {
  // Most answers say nothing.
  if (REMAINING.every((name) => headers[name] === undefined)) return undefined;
  const field = (name: string): string => headerValues(headers, name).join(',');
  const policy = field('ratelimit-policy');
  return (
    inOneField(field('ratelimit'), policy) ??
    inSeveral(field('ratelimit-remaining'), field('ratelimit-limit'), policy) ??
    inSeveral(field('x-ratelimit-remaining'), field('x-ratelimit-limit'), '')
  );
}

/**
 * The seconds that an answer asks us to wait: by its `Retry-After`; a 429 without one by the time at which the limit
 * that was used up is renewed, where the server tells.
 */
export function askedDelay(status: number, headers: HeaderFields): number | undefined {
  const asked = parseRetryAfter(headerValue(headers, 'retry-after'));
  if (asked !== undefined || status !== 429) return asked;
  // Where some is left, it is another limit that was hit, about which nothing is said.
  if ((parseQuota(headers)?.remaining ?? 0) > 0) return undefined;
  const combined = headerValue(headers, 'ratelimit') ?? '';
  const seconds = parameter(combined, 'reset') ?? parameter(combined, 't');
  // Some servers (GitLab, Docker Hub) give a point in time, where the drafts want seconds: either is understood.
  return (
    parseRetryAfter(seconds?.toString()) ??
    parseRetryAfter(headerValue(headers, 'ratelimit-reset')) ??
    parseRetryAfter(headerValue(headers, 'x-ratelimit-reset'))
  );
}

function inOneField(field: string, policy: string): Quota | undefined {
  const remaining = parameter(field, 'remaining');
  if (remaining !== undefined) {
    const limit = parameter(field, 'limit');
    return { limit, remaining, window: windowOf(limit, policy) };
  }
  let least: Quota | undefined;
  for (const item of field.split(',')) {
    const left = parameter(item, 'r');
    if (left === undefined || (least !== undefined && least.remaining <= left)) continue;
    const name = nameOf(item);
    const rule = policy.split(',').find((other) => nameOf(other) === name) ?? '';
    least = { limit: parameter(rule, 'q'), remaining: left, window: parameter(rule, 'w') };
  }
  return least;
}

function inSeveral(remaining: string, limit: string, policy: string): Quota | undefined {
  const left = leading(remaining);
  if (left === undefined) return undefined;
  const most = leading(limit);
  // Earlier drafts list all limits behind the one that is meant: `100, 100;w=60, 1000;w=3600`.
  const window = windowOf(most, `${limit},${policy}`) ?? parameter(remaining, 'w');
  return { limit: most, remaining: left, window };
}

/** The time that the list of limits names for one of them. */
function windowOf(limit: number | undefined, policies: string): number | undefined {
  const named = policies.split(',').filter((policy) => parameter(policy, 'w') !== undefined);
  const rule = named.find((policy) => leading(policy) === limit);
  return rule === undefined ? undefined : parameter(rule, 'w');
}

function nameOf(item: string): string {
  return item.split(';', 1)[0]?.trim() ?? '';
}

function leading(field: string): number | undefined {
  const digits = /^\s*(\d{1,15})\s*(?:[;,]|$)/.exec(field)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function parameter(
  field: string,
  name: 'limit' | 'remaining' | 'reset' | 'r' | 't' | 'q' | 'w',
): number | undefined {
  const part = field.split(/[;,]/).find((each) => each.trim().startsWith(`${name}=`));
  const digits = part === undefined ? undefined : /=(\d{1,15})\s*$/.exec(part)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
