import { Code, ConnectError } from '@connectrpc/connect';
import { grpcCode } from '../session/grpc-code.ts';

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

/** What the builder is told. To what is absent it listens for the words as well. */
function contentError(error: unknown, what: string): ConnectError {
  if (error instanceof ConnectError) return error;
  const code = grpcCode(error);
  const why = code === Code.NotFound ? 'not found' : (error as Error).message;
  return new ConnectError(`content ${what}: ${why}`, code);
}
