import pLimit from 'p-limit';
import type { Descriptor, Digest } from '../../oci/index.ts';
import type { Content } from '../../registry/index.ts';
import type { Contents } from './contents.ts';
import { unpack, type Unpacked } from './unpack.ts';

/** How closely layers are looked at: whether they are there, all their bytes, or also what is inside of them. */
export type LayerCare = 'resolve' | 'read' | 'unpack';

/** What is found where a descriptor points. */
export interface Found {
  /** In bytes. */
  readonly size: number;
  /** Of a layer that was unpacked. */
  readonly unpacked?: Unpacked;
}

/** Reads each thing once, whoever refers to it, a few at a time. All fail as the contents do. */
export interface Reader {
  manifest(descriptor: Descriptor): Promise<Uint8Array>;
  blob(descriptor: Descriptor): Promise<Uint8Array>;
  layer(descriptor: Descriptor): Promise<Found>;
  /** All that was asked for. */
  readonly reached: ReadonlySet<Digest>;
}

/** Things that are read at a time. */
const CONCURRENCY = 8;

/** Makes one. */
export function createReader(contents: Contents, care: LayerCare, signal?: AbortSignal): Reader {
  const limit = pLimit(CONCURRENCY);
  const reached = new Set<Digest>();
  const once = <T>(key: (descriptor: Descriptor) => string, read: (descriptor: Descriptor) => Promise<T>) => {
    const known = new Map<string, Promise<T>>();
    return (descriptor: Descriptor): Promise<T> => {
      reached.add(descriptor.digest);
      const found = known.get(key(descriptor)) ?? limit(() => read(descriptor));
      known.set(key(descriptor), found);
      return found;
    };
  };
  const look = async (descriptor: Descriptor): Promise<Found> => {
    if (care === 'resolve') return { size: await contents.blobSize(descriptor) };
    const content = await contents.blob(descriptor);
    const { size } = content.descriptor;
    if (care === 'unpack') return { size, unpacked: await unpack(content, descriptor.mediaType, signal) };
    await drain(content);
    return { size };
  };
  return {
    manifest: once(
      ({ digest }) => digest,
      async (descriptor) => (await contents.manifest(descriptor)).bytes(),
    ),
    blob: once(
      ({ digest }) => digest,
      async (descriptor) => (await contents.blob(descriptor)).bytes(),
    ),
    layer: once(({ digest, mediaType }) => `${digest} ${mediaType}`, look),
    reached,
  };
}

/** Reads to the end, where the bytes are known to be right. */
export async function drain(content: Content): Promise<void> {
  const chunks = content[Symbol.asyncIterator]();
  while ((await chunks.next()).done !== true);
}
