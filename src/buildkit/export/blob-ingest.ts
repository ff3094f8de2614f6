import type { Digest } from '../../oci/index.ts';
import { RegistryError, type Registry } from '../../registry/index.ts';
import type { Ingest } from '../content/content-store.ts';
import { createChannel, type Channel } from '../files/channel.ts';
import { bufferedIngest, checkSize } from './buffered-ingest.ts';

/** Where blobs go. */
export interface BlobTarget {
  readonly registry: Registry;
  readonly repository: string;
  /** Is told of each that is there now. */
  readonly pushed: (digest: Digest, size: number) => void;
}

/** Up to which size a blob is sent as a whole, so that it can be sent again after a setback. */
const WHOLE = 1024 * 1024;
/** How many writes of the builder, of 1 MiB as a rule, wait to be sent; beyond that the builder waits. */
const WAITING = 4;

/** A push that is under way. */
interface Push {
  readonly bytes: Channel<Uint8Array>;
  /** Settles when the registry has it, or refuses it. */
  readonly done: Promise<{ readonly error: unknown } | undefined>;
  /** What it failed with, if it has. */
  readonly failure: () => { readonly error: unknown } | undefined;
  readonly stop: AbortController;
}

/** A write that goes on to a registry while it comes, no faster than the registry takes it. */
export function blobIngest(
  ref: string,
  about: { readonly total: number; readonly expected?: Digest },
  target: BlobTarget,
): Ingest {
  const { registry, repository, pushed } = target;
  const { total, expected } = about;
  if (total <= WHOLE || expected === undefined) {
    // Without its digest it cannot be sent before all of it is there.
    return bufferedIngest(ref, about, async (digest, bytes) => {
      await registry.pushBlob(repository, { digest, size: bytes.length }, bytes);
      pushed(digest, bytes.length);
    });
  }
  const startedAt = new Date();
  let updatedAt = startedAt;
  let offset = 0;
  let push: Push | undefined;

  const begin = (): Push => {
    const bytes = createChannel<Uint8Array>(WAITING);
    const stop = new AbortController();
    const sent = registry.pushBlob(repository, { digest: expected, size: total }, bytes, {
      signal: stop.signal,
    });
    let failure: { readonly error: unknown } | undefined;
    const done = sent.then(
      () => undefined,
      (error: unknown) => {
        failure = { error };
        return failure;
      },
    );
    return { bytes, done, failure: () => failure, stop };
  };
  const end = async (): Promise<void> => {
    const ended = push;
    push = undefined;
    if (ended === undefined) return;
    const error = new RegistryError('BLOB_UPLOAD_INVALID', `the builder gave up writing ${ref}`);
    ended.bytes.end({ error });
    ended.stop.abort(error);
    await ended.done;
  };

  return {
    status: () => ({ ref, offset, total, expected, startedAt, updatedAt }),
    async write(bytes) {
      if (offset + bytes.length > total) checkSize(ref, offset + bytes.length, total);
      push ??= begin();
      const { done, bytes: queue } = push;
      // A registry that has it after all reads no more of it.
      const failed = (await Promise.race([queue.put(bytes), done])) ?? push.failure();
      if (failed !== undefined) throw failed.error;
      offset += bytes.length;
      updatedAt = new Date();
    },
    async truncate() {
      await end();
      offset = 0;
    },
    async commit(size, wanted = expected) {
      checkSize(ref, offset, size);
      checkSize(ref, offset, total);
      if (wanted !== expected)
        throw new RegistryError('DIGEST_INVALID', `${ref} was announced as ${expected}, not as ${wanted}`, {
          reference: wanted,
        });
      const committed = push ?? begin();
      committed.bytes.end();
      const failed = await committed.done;
      push = undefined;
      if (failed !== undefined) throw failed.error;
      pushed(expected, offset);
      return expected;
    },
    close: end,
  };
}
