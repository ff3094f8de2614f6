import type { Descriptor } from '../../oci/index.ts';
import type { Registry, Source } from '../../registry/index.ts';

/** A repository in some registry. */
export interface RepositoryPlace {
  readonly registry: Registry;
  readonly repository: string;
}

/**
 * Makes a blob be at a target, with no more requests and bytes than that takes.
 *
 * Asking for a mount costs nothing: it is the request that starts an upload. Inside one registry it saves the bytes;
 * from the target to itself it is the question whether the blob is there.
 * @param coming is told how many bytes have come, piece by piece; those that are read again as well
 * @returns whether it had to be sent
 */
export async function sendBlob(
  from: RepositoryPlace,
  to: RepositoryPlace,
  descriptor: Descriptor,
  signal: AbortSignal,
  coming?: (bytes: number) => void,
): Promise<boolean> {
  let opened = false;
  const source: Source = {
    async open(offset, wanted = signal) {
      opened = true;
      if (descriptor.data != null) return Buffer.from(descriptor.data, 'base64').subarray(offset);
      // A part cannot be verified by itself. It is what is missing in an upload that broke off, and the target
      // verifies the whole when that is committed.
      const range = offset > 0 ? { range: { start: offset } } : {};
      const content = await from.registry.getBlob(from.repository, descriptor.digest, {
        ...range,
        signal: wanted,
      });
      return coming === undefined ? content : counted(content, coming);
    },
  };
  const mountFrom = from.registry === to.registry ? from.repository : to.repository;
  await to.registry.pushBlob(to.repository, descriptor, source, { mountFrom, signal });
  return opened;
}

async function* counted(
  stream: AsyncIterable<Uint8Array>,
  coming: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    coming(chunk.length);
    yield chunk;
  }
}
