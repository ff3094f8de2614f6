import { Code, ConnectError } from '@connectrpc/connect';
import {
  errorCode,
  isDenied,
  isNotFound,
  isRateLimited,
  isVerificationFailure,
} from '../../registry/index.ts';

/** Answers a call, with errors as gRPC has them. @param what the digest that was asked for, or what else it is about */
export async function contentCall<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw contentError(error, what);
  }
}

/** The same, for a call whose answer is a stream. */
export async function* contentStream<T>(what: string, stream: AsyncIterable<T>): AsyncGenerator<T> {
  try {
    yield* stream;
  } catch (error) {
    throw contentError(error, what);
  }
}

/**
 * What the builder is told. It acts on some codes: it goes on after `ALREADY_EXISTS`, and asks again, without end, after
 * `UNAVAILABLE`, which is why nothing is called so but a write that another is at: what failed here has been tried often
 * enough. The rest it shows to who waits for the build.
 */
function contentError(error: unknown, what: string): ConnectError {
  if (error instanceof ConnectError) return error;
  const { message } = error as Error;
  if (isNotFound(error)) return new ConnectError(`content ${what}: not found`, Code.NotFound);
  return new ConnectError(`content ${what}: ${message}`, contentCode(error));
}

function contentCode(error: unknown): Code {
  if (isDenied(error)) return Code.PermissionDenied;
  if (isRateLimited(error)) return Code.ResourceExhausted;
  if (isVerificationFailure(error)) return Code.DataLoss;
  switch (errorCode(error)) {
    case 'DIGEST_INVALID':
    case 'SIZE_INVALID':
      return Code.FailedPrecondition;
    case 'RANGE_INVALID':
      return Code.OutOfRange;
    case 'UNSUPPORTED':
      return Code.Unimplemented;
    default:
      return (error as Error).name === 'AbortError' ? Code.Canceled : Code.Unknown;
  }
}
