import {
  isDenied,
  isNotFound,
  isRateLimited,
  isRegistryError,
  isVerificationFailure,
} from '../../registry/index.ts';

/**
 * What became of a read: `missing`: it is not there; `denied`: not for us; `unavailable`: no answer, or none now;
 * `wrong`: the answer is not what was asked for, or cannot be used.
 */
export type MirrorOutcome = 'served' | 'missing' | 'denied' | 'unavailable' | 'wrong';

/**
 * After which failures of a mirror the next one is asked, and in the end the registry itself. `missing`: after all;
 * `unavailable`: after all but one: what the mirror does not have, nobody is asked for; `never`: after none, except for
 * answers that are wrong, which nobody wants.
 */
export type Fallback = 'missing' | 'unavailable' | 'never';

/** Codes of answers that cannot be used; those of the bytes are `isVerificationFailure`'s. */
const WRONG: ReadonlySet<string> = new Set([
  'RESPONSE_INVALID',
  'ENCODING_REFUSED',
  'LOCATION_INVALID',
  'PAGINATION_REFUSED',
  'REDIRECT_REFUSED',
  'UNSUPPORTED',
]);
/** Codes of logins that fail for other reasons than the words that go with them. */
const DENIED: ReadonlySet<string> = new Set(['AUTH_REALM_REFUSED', 'AUTH_TOKEN_INVALID']);

/** What a failure says of the mirror; undefined for what is no fault of its: malformed names, wrong settings, limits. */
export function outcomeOf(error: unknown): Exclude<MirrorOutcome, 'served'> | undefined {
  if (!isRegistryError(error)) return undefined;
  if (isVerificationFailure(error) || WRONG.has(error.code)) return 'wrong';
  if (isNotFound(error)) return 'missing';
  if (isDenied(error) || DENIED.has(error.code)) return 'denied';
  const ill = error.code === 'UNAVAILABLE' || (error.status ?? 0) >= 500 || error.status === 408;
  return ill || isRateLimited(error) ? 'unavailable' : undefined;
}

/** Whether the next one is asked. */
export function goesOn(fallback: Fallback, outcome: Exclude<MirrorOutcome, 'served'>): boolean {
  switch (outcome) {
    case 'wrong':
      return true;
    case 'missing':
      return fallback === 'missing';
    case 'denied':
    case 'unavailable':
      return fallback !== 'never';
  }
}
