import { isObject, type Json } from '../oci/index.ts';
import type { Transport } from '../transport/index.ts';

/** So many passwords and tokens are remembered; older ones have run out. */
const MOST = 100;
/** Shorter ones would be found in any text. */
const SHORTEST = 4;
/** Details nest no deeper: what is nested a thousand times cannot even be written. */
const DEEPEST = 16;

/** Keeps what we say of ourselves out of what servers say: some repeat in their errors what they were sent. */
export interface Discretion {
  /** The transport, whose requests are looked at. */
  readonly transport: Transport;
  /** A text without what was sent to say who we are. */
  hush(text: string): string;
}

/** Makes a discretion that knows what goes through a transport. */
export function createDiscretion(transport: Transport): Discretion {
  const secrets = new Set<string>();
  const note = (secret: string): void => {
    if (secret.length < SHORTEST) return;
    // The one that was used last stays longest.
    secrets.delete(secret);
    secrets.add(secret);
    const [oldest] = secrets;
    if (secrets.size > MOST && oldest !== undefined) secrets.delete(oldest);
  };
  let last: string | undefined;
  return {
    transport(request) {
      const { authorization } = request.headers;
      if (authorization !== undefined && authorization !== last) secretsIn(authorization).forEach(note);
      last = authorization ?? last;
      return transport(request);
    },
    hush(text) {
      let hushed = text;
      // The longest first: a short one may be a part of it, and would leave the rest.
      for (const secret of [...secrets].toSorted((a, b) => b.length - a.length))
        hushed = hushed.replaceAll(secret, '…');
      return hushed;
    },
  };
}

/** What of an `Authorization` is nobody's business: the token; of a password also what it reads as. */
function secretsIn(authorization: string): readonly string[] {
  const [scheme = '', ...rest] = authorization.split(' ');
  const credential = rest.join(' ');
  if (scheme.toLowerCase() !== 'basic') return [credential];
  const plain = Buffer.from(credential, 'base64').toString();
  return [credential, plain.slice(plain.indexOf(':') + 1)];
}

/** The detail of an error, as it came but for what has to be hushed, and for what is nested too deep. */
export function hushDetail(detail: Json, hush: (text: string) => string, depth = 0): Json {
  if (typeof detail === 'string') return hush(detail);
  if (typeof detail !== 'object' || detail === null) return detail;
  if (depth === DEEPEST) return '…';
  const inside = (each: Json): Json => hushDetail(each, hush, depth + 1);
  if (!isObject(detail)) return detail.map(inside);
  return Object.fromEntries(Object.entries(detail).map(([name, each]) => [hush(name), inside(each)]));
}
