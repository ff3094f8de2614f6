import { ConnectError } from '@connectrpc/connect';
import { printable } from '../../oci/index.ts';
import { grpcCode } from './grpc-code.ts';

/**
 * An error as the builder is told of it, and as it tells it to whoever waits for the build. What is thrown otherwise is
 * an "internal error" to it.
 * @param about what it is about, to stand before the message
 */
export function serviceError(error: unknown, about?: string): ConnectError {
  if (error instanceof ConnectError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const message = about === undefined ? reason : `${printable(about, 300)}: ${reason}`;
  return new ConnectError(message, grpcCode(error), undefined, undefined, error);
}
