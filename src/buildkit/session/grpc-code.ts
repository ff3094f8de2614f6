import { Code } from '@connectrpc/connect';
import {
  errorCode,
  isDenied,
  isNotFound,
  isRateLimited,
  isVerificationFailure,
} from '../../registry/index.ts';

/**
 * What an error is called in gRPC. The builder acts on some codes: it asks again, without end, after `UNAVAILABLE`, which
 * is why nothing is called so here: what failed has been tried often enough. After `UNIMPLEMENTED` it takes a method to be
 * missing. The rest it shows to who waits for the build.
 * @see https://grpc.io/docs/guides/status-codes/
 */
export function grpcCode(error: unknown): Code {
  if (isNotFound(error)) return Code.NotFound;
  if (isDenied(error)) return Code.PermissionDenied;
  if (isRateLimited(error)) return Code.ResourceExhausted;
  if (isVerificationFailure(error)) return Code.DataLoss;
  const code = CODES.get(errorCode(error) ?? '');
  if (code !== undefined) return code;
  return error instanceof Error && error.name === 'AbortError' ? Code.Canceled : Code.Unknown;
}

const CODES: ReadonlyMap<string, Code> = new Map([
  ['DIGEST_INVALID', Code.FailedPrecondition],
  ['SIZE_INVALID', Code.FailedPrecondition],
  ['UNSUPPORTED', Code.FailedPrecondition],
  ['RANGE_INVALID', Code.OutOfRange],
  ['RESPONSE_INVALID', Code.InvalidArgument],
  ['SETTINGS_INVALID', Code.InvalidArgument],
]);
