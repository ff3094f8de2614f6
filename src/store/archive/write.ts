import { open } from 'node:fs/promises';
import {
  checkImageName,
  enterManifest,
  pushedNamed,
  type ImageName,
  type PushNamedOptions,
  type PushedNamed,
} from '../../layout-index/index.ts';
import type { Digest, Manifest } from '../../oci/index.ts';
import {
  blobDescriptor,
  checkDigest,
  checkManifest,
  checkRepository,
  missingChildren,
  openable,
  verifyPushed,
  type AcceptedManifest,
  type Registry,
} from '../../registry/index.ts';
import { onDisk } from './failure.ts';
import type { Room } from './file/room.ts';
import { checkIsOurs } from './find.ts';
import type { Holdings } from './holdings/holdings.ts';
import type { Change } from './holdings/moment.ts';
import type { View } from './holdings/view.ts';

type Write = Pick<Registry, 'pushBlob' | 'mountBlob' | 'pushManifest'>;

/** What is pushed is kept beside the archive, for whoever asks the same registry object, until it is committed. */
export function writeOperations(holdings: Holdings): Write {
  const { repository, currentOrNone } = holdings;
  /** There is one repository: whatever can be mounted is there already. */
  const sizeOf = async (
    digest: Digest,
    from = repository,
    signal?: AbortSignal,
  ): Promise<number | undefined> => {
    checkRepository(from);
    return from === repository ? (await currentOrNone(signal))?.find(digest)?.size : undefined;
  };
  return {
    async mountBlob(name, digest, from, { signal } = {}) {
      signal?.throwIfAborted();
      checkDigest(digest);
      checkIsOurs(holdings, name);
      return (await sizeOf(digest, from, signal)) !== undefined;
    },
    async pushBlob(name, { digest, size }, source, { mountFrom, signal } = {}) {
      signal?.throwIfAborted();
      checkDigest(digest);
      checkIsOurs(holdings, name);
      const descriptor = blobDescriptor(digest, size);
      if (mountFrom !== undefined && (await sizeOf(digest, mountFrom, signal)) === size) return descriptor;
      await storeBlob(holdings, digest, size, verifyPushed(openable(source).open(), descriptor, signal));
      return descriptor;
    },
    async pushManifest(name, bytes, options) {
      options.signal?.throwIfAborted();
      checkIsOurs(holdings, name);
      const { tags = [], ...rest } = options;
      const names = tags.map((tag) => ({ tag }));
      return { ...(await storeManifest(holdings, bytes, { ...rest, names })), tags: [...tags] };
    },
  };
}

/** Stores a manifest and names it. @throws {RegistryError} as `pushManifest`. */
export async function storeManifest(
  holdings: Holdings,
  bytes: Uint8Array,
  options: PushNamedOptions,
): Promise<PushedNamed> {
  const { names, signal } = options;
  names.forEach(checkImageName);
  const accepted = checkManifest(bytes, options);
  const { digest, size } = accepted.descriptor;
  await checkComplete(accepted.manifest, await holdings.currentOrNone(signal));
  signal?.throwIfAborted();
  await storeBlob(holdings, digest, size, openable(bytes).open());
  await holdings.change(entering(accepted, names), signal);
  return pushedNamed(accepted);
}

/** Checks that what a manifest needs is there. Who pushes thousands of images does not want all of them walked for each. */
async function checkComplete(manifest: Manifest, view: View | undefined): Promise<void> {
  const missing = await missingChildren(manifest, {
    blob: async (child) => view?.find(child) !== undefined,
    manifest: async (child) => view?.find(child) !== undefined && (await view.known()).manifests.has(child),
  });
  if (missing !== undefined) throw missing;
}

/** Is made apart from where views are at hand: a change is kept until the next commit, and so is all that it closes over. */
function entering(accepted: AcceptedManifest, names: readonly ImageName[]): Change<void> {
  return (draft) => enterManifest(draft, accepted, names);
}

/** Keeps a blob. The stream is read to its end in any case, as it is the stream that fails if the bytes are wrong. */
async function storeBlob(
  { keep, staging, file }: Holdings,
  digest: Digest,
  size: number,
  stream: AsyncIterable<Uint8Array>,
): Promise<void> {
  const path = await onDisk(file, () => staging.newFile());
  const handle = await onDisk(file, () => open(path, 'wx'));
  try {
    const room: Room = { what: 'what is pushed, until it is committed,', size };
    for await (const chunk of stream) await onDisk(file, () => handle.writeFile(chunk), room);
  } catch (error) {
    await handle.close();
    await staging.remove(path);
    throw error;
  }
  await handle.close();
  await keep(digest, path, size);
}
