import type { Descriptor, Digest } from '../../oci/index.ts';
import {
  blobDescriptor,
  checkDigest,
  checkManifest,
  checkTag,
  missingChildren,
  openable,
  verifyPushed,
  type AcceptedManifest,
  type Registry,
} from '../../registry/index.ts';
import { pushedNamed, type PushedNamed, type PushNamedOptions } from '../../layout-index/index.ts';
import { statBlob } from './blob-file.ts';
import type { Draft } from './draft.ts';
import { enterStored } from './enter.ts';
import { onDisk } from './failure.ts';
import { renew } from './renew.ts';
import type { Repositories } from './repositories.ts';
import { hasManifest, type Repository } from './repository.ts';

type Write = Pick<Registry, 'pushBlob' | 'mountBlob' | 'pushManifest'>;

export function writeOperations(repositories: Repositories): Write {
  const { root, open } = repositories;
  return {
    mountBlob: (name, digest, from, { signal } = {}) =>
      onDisk(root, async () => {
        signal?.throwIfAborted();
        return (await mount(repositories, name, checkDigest(digest), { from, signal })) !== undefined;
      }),
    pushBlob: (name, { digest, size }, source, { mountFrom, signal } = {}) =>
      onDisk(root, async () => {
        signal?.throwIfAborted();
        checkDigest(digest);
        const repository = open(name);
        if (mountFrom !== undefined) {
          const mounted = await mount(repositories, name, digest, { from: mountFrom, size, signal });
          if (mounted !== undefined) return mounted;
        }
        const stream = verifyPushed(openable(source).open(), { digest, size }, signal);
        await storeBlob(repository, digest, size, stream, signal);
        return blobDescriptor(digest, size);
      }),
    pushManifest: (name, bytes, options) =>
      onDisk(root, async () => {
        const { tags = [], signal } = options;
        signal?.throwIfAborted();
        const repository = open(name);
        tags.forEach(checkTag);
        const names = tags.map((tag) => ({ tag }));
        return { ...(await storeManifest(repository, bytes, { ...options, names })), tags: [...tags] };
      }),
  };
}

/** Keeps a manifest, and enters it under its names. The names have been looked at. */
export async function storeManifest(
  repository: Repository,
  bytes: Uint8Array,
  options: PushNamedOptions,
): Promise<PushedNamed> {
  const { names, signal } = options;
  const accepted = checkManifest(bytes, options);
  const exists = await repository.index.isThere();
  await checkChildren(repository, accepted, { exists, known: repository.known });
  const { digest, size } = accepted.descriptor;
  await storeBlob(repository, digest, size, openable(bytes).open(), signal);
  await repository.changes.make(async (draft) => {
    // Once more within the lock: a collection, or a deletion, may have been faster.
    await checkChildren(repository, accepted, draft);
    await enterStored(repository, draft, accepted, names, bytes);
  }, signal);
  return pushedNamed(accepted);
}

/** Keeps a blob. The stream is read to its end in any case, as it is the stream that fails if the bytes are wrong. */
async function storeBlob(
  repository: Repository,
  digest: Digest,
  size: number,
  stream: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { shelf } = repository;
  await repository.prepare();
  if ((await repository.index.isThere()) && (await shelf.has(digest, size, signal))) {
    for await (const _ of stream);
    return;
  }
  const file = await shelf.receive(digest, size, stream, signal);
  await shelf.place(file, digest, size, () => repository.create(signal));
}

interface MountOptions {
  /** The repository that has the blob; any, if none is told. */
  readonly from: string | undefined;
  /** What its size should be, in bytes, where that is known. */
  readonly size?: number;
  readonly signal: AbortSignal | undefined;
}

/** Brings a blob of another repository here by a link. Undefined where there is none, or not of that size. */
async function mount(
  { find, open }: Repositories,
  name: string,
  digest: Digest,
  { from, size, signal }: MountOptions,
): Promise<Descriptor | undefined> {
  const to = open(name);
  const source = from === undefined ? undefined : find(from);
  const lent = source === undefined ? undefined : await statIn(source, digest);
  if (from !== undefined && lent === undefined) return undefined;
  const wanted = size ?? lent?.size;
  if (lent !== undefined && lent.size !== wanted) return undefined;
  const held = await statIn(to, digest);
  if (held !== undefined && (wanted === undefined || held.size === wanted) && (await renew(held.path)))
    return blobDescriptor(digest, held.size);

  await to.prepare();
  const borrowed = await to.shelf.borrow(digest, lent?.path);
  if (borrowed === undefined) return undefined;
  await to.shelf.adopt(borrowed.file, digest, borrowed.size, () => to.create(signal));
  const placed = await statIn(to, digest);
  return placed && blobDescriptor(digest, placed.size);
}

/** What has to hold the things that a manifest refers to. */
type Holder = Pick<Draft, 'exists' | 'known'> & Partial<Pick<Draft, 'gone'>>;

/** @throws {RegistryError} `MANIFEST_BLOB_UNKNOWN`. */
async function checkChildren(
  repository: Repository,
  { manifest }: AcceptedManifest,
  { exists, known, gone }: Holder,
): Promise<void> {
  // The files of those that a change before us removes are there until it is written.
  const stays = (digest: Digest): boolean => exists && gone?.has(digest) !== true;
  const missing = await missingChildren(manifest, {
    blob: async (digest) => stays(digest) && (await statBlob(repository.path, digest)) !== undefined,
    manifest: async (digest) => stays(digest) && hasManifest(repository, await known(), digest),
  });
  if (missing !== undefined) throw missing;
}

async function statIn(repository: Repository, digest: Digest): ReturnType<typeof statBlob> {
  if ((await repository.index.currentOrNone()) === undefined) return undefined;
  return statBlob(repository.path, digest);
}
