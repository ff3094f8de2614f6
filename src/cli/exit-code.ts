import { Invalid, type InvalidSubject } from '../oci/index.ts';
import { errorCode, isDenied, isNotFound, isRateLimited, isVerificationFailure } from '../registry/index.ts';

/** What the shell is told. */
export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  notFound: 3,
  notAllowed: 4,
  rateLimited: 5,
  verificationFailed: 6,
  /** Some of several things were done. */
  partlyDone: 7,
  /** Somebody pressed Control-C: as the shell has it for SIGINT. */
  interrupted: 130,
} as const;

/** What whoever calls us gave: words, and files. What comes from registries is not among it. */
const GIVEN: ReadonlySet<InvalidSubject> = new Set([
  'platform',
  'document',
  'builds',
  'sources',
  'cache',
  'jobs',
  'context',
]);

/** What is mended by writing the command in another way. */
const USAGE: ReadonlySet<string> = new Set(['REFERENCE_INVALID', 'REFERENCE_AMBIGUOUS', 'SETTINGS_INVALID']);

/** The exit code for what a command failed with. */
export function exitCodeOf(error: unknown): number {
  if (isVerificationFailure(error)) return exitCodes.verificationFailed;
  if (isRateLimited(error)) return exitCodes.rateLimited;
  if (isDenied(error)) return exitCodes.notAllowed;
  if (isNotFound(error)) return exitCodes.notFound;
  if (USAGE.has(errorCode(error) ?? '')) return exitCodes.usage;
  if (error instanceof Invalid && GIVEN.has(error.subject)) return exitCodes.usage;
  return exitCodes.error;
}
