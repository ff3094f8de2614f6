import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import { printable } from '../../oci/index.ts';
import { BytesMessageSchema, Upload } from '../proto/upload_pb.ts';
import type { RawMethods } from '../session/attachable.ts';
import { serviceError } from '../session/service-error.ts';
import { bytesFieldHead } from '../session/varint.ts';

/** What is put into one message, in bytes: builders before 0.16 take no more than 4 MiB. */
const LARGEST = 1024 * 1024;

/** Where a message has its bytes. */
const BYTES = BytesMessageSchema.field.data.number;

export interface UploadServiceOptions {
  /** Is told what reading a stream failed with, which the builder tells in words of its own. */
  readonly onError?: (error: Error) => void;
  /** Breaks off what is being read: a builder does not by itself where its build was called off. */
  readonly signal?: AbortSignal;
}

/** Registers the service; see `uploadService`. */
export function uploadRoutes(
  router: ConnectRouter,
  raw: RawMethods,
  streams: ReadonlyMap<string, AsyncIterable<Uint8Array>>,
  { onError, signal }: UploadServiceOptions,
): void {
  const waiting = new Map(streams);
  router.service(Upload, {});
  raw.set(`/${Upload.typeName}/${Upload.method.pull.name}`, async (call) => {
    const name = (call.metadata('urlpath')[0] ?? '').replace(/^.*\//, '');
    const stream = waiting.get(name);
    // Where it was read, there is no second time: nobody kept it.
    if (!waiting.delete(name) || stream === undefined)
      throw new ConnectError(`there is no stream "${printable(name, 100)}" to read`, Code.NotFound);
    const over = AbortSignal.any([call.signal, ...(signal === undefined ? [] : [signal])]);
    try {
      for await (const chunk of until(stream, over))
        for (let at = 0; at < chunk.length; at += LARGEST) {
          const piece = chunk.subarray(at, at + LARGEST);
          await call.room();
          call.send(Uint8Array.from(bytesFieldHead(BYTES, piece.length)), piece);
        }
    } catch (error) {
      if (!over.aborted) onError?.(error as Error);
      throw serviceError(error);
    }
    // What is missing must not be taken for the end.
    if (over.aborted) throw new ConnectError('the build was called off', Code.Canceled);
  });
}

/**
 * What a stream has until somebody calls it off. It is left then without waiting for what comes next, as it may be that
 * nothing does: a terminal on which nobody types.
 */
async function* until(stream: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]();
  let leave = (): void => {};
  const onAbort = (): void => leave();
  signal.addEventListener('abort', onAbort);
  // Not Promise.race with a promise for the signal: that would keep every chunk until the signal fires.
  const next = (): Promise<IteratorResult<Uint8Array, unknown> | undefined> =>
    new Promise((resolve, reject) => {
      leave = () => resolve(undefined);
      chunks.next().then(resolve, reject);
    });
  let isOpen = true;
  try {
    while (!signal.aborted) {
      isOpen = false;
      const found = await next();
      if (found?.done === true) return;
      isOpen = true;
      if (found === undefined) return;
      yield found.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not waited for: it waits for the next chunk itself.
    if (isOpen) void chunks.return?.().catch(() => undefined);
  }
}
