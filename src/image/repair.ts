import {
  childBlobs,
  childManifests,
  Invalid,
  isImageType,
  isIndexType,
  isNonDistributable,
  parseManifest,
  type Descriptor,
  type Digest,
  type Manifest,
} from '../oci/index.ts';
import { watch, type Content, type Options, type Registry, type Source } from '../registry/index.ts';
import { isAbsent } from './absent.ts';
import { inOrder } from './in-order.ts';

/** Something that is referred to, and is not there, or not whole. */
export interface Lack {
  /** As it is referred to. */
  readonly descriptor: Descriptor;
  /** The names of the images that it is of, where they are known. */
  readonly names: readonly string[];
}

/** What can be repaired: a layout. */
export interface Repairable {
  /** Finds what it lacks. Of what is missing itself, it cannot know what that would lead to. */
  lacks(options?: Options): AsyncIterable<Lack>;
  /** Whether the blob is there, whole. */
  has(descriptor: Descriptor, options?: Options): Promise<boolean>;
  /** Puts a blob, or the bytes of a manifest, in its place, once they have turned out to be right. */
  put(blob: Pick<Descriptor, 'digest' | 'size'>, source: Source, options?: Options): Promise<void>;
}

/** Where it may be had. */
export interface RepairSource {
  /** Where to ask. */
  readonly registry: Registry;
  /** Which of its repositories. */
  readonly repository: string;
  /** What it is called when it is told of. */
  readonly name: string;
}

/** What came of one lack. */
export type Repair = Lack &
  (
    | { readonly outcome: 'repaired'; /** The name of the source. */ readonly from: string }
    /** Why each source did not have it, or not whole; empty, where none was known. */
    | {
        readonly outcome: 'lost';
        readonly reasons: readonly { readonly from: string; readonly error: unknown }[];
      }
  );

/** Settings of a repair. */
export interface RepairOptions extends Options {
  /** How many are fetched at a time; 4, unless told. */
  readonly concurrency?: number;
}

/** The source of what a descriptor embeds. */
const EMBEDDED = 'the descriptor itself';

/**
 * Fetches by digest what is missing or wrong, and puts it in its place. What a manifest that came leads to is looked for
 * next. Gives an account of each, those that could not be got as well: the others are not kept from being repaired.
 * @param sourcesOf where something may be had, the likeliest first; each is asked until one has it
 * @throws what `target` fails with: a full disk.
 */
export async function* repair(
  target: Repairable,
  sourcesOf: (lack: Lack) => readonly RepairSource[],
  { concurrency = 4, signal }: RepairOptions = {},
): AsyncGenerator<Repair> {
  const options: Options = signal === undefined ? {} : { signal };
  const seen = new Set<Digest>();

  const supply = async (lack: Lack): Promise<readonly Repair[]> => {
    if (seen.has(lack.descriptor.digest)) return [];
    seen.add(lack.descriptor.digest);
    const { repair: first, manifest } = await fetchInto(target, lack, sourcesOf(lack), options);
    const all = [first];
    for (const descriptor of manifest === undefined ? [] : needed(manifest)) {
      if (seen.has(descriptor.digest) || (await target.has(descriptor, options))) continue;
      all.push(...(await supply({ descriptor, names: lack.names })));
    }
    return all;
  };
  for await (const repairs of inOrder(target.lacks(options), supply, { held: concurrency })) yield* repairs;
}

/** What a manifest cannot do without. */
function needed(manifest: Manifest): readonly Descriptor[] {
  return [...childManifests(manifest), ...childBlobs(manifest)].filter(
    ({ mediaType }) => !isNonDistributable(mediaType),
  );
}

/** What came of it, with the manifest if it was one: that leads on. */
interface Fetched {
  readonly repair: Repair;
  readonly manifest?: Manifest;
}

async function fetchInto(
  target: Repairable,
  lack: Lack,
  sources: readonly RepairSource[],
  options: Options,
): Promise<Fetched> {
  const { digest, mediaType, data } = lack.descriptor;
  const isManifest = isIndexType(mediaType) || isImageType(mediaType);
  const putBytes = async (bytes: Uint8Array, from: string): Promise<Fetched> => {
    await target.put({ digest, size: bytes.length }, bytes, options);
    const manifest = isManifest ? parsed(bytes, mediaType) : undefined;
    return { repair: { ...lack, outcome: 'repaired', from }, ...(manifest !== undefined && { manifest }) };
  };
  const putStream = async (content: Content, from: string): Promise<Fetched> => {
    const source = watch(content);
    try {
      await target.put({ digest, size: content.descriptor.size }, source.stream, options);
    } catch (error) {
      throw source.failure === undefined ? error : new Unfit(source.failure.error);
    }
    return { repair: { ...lack, outcome: 'repaired', from } };
  };
  if (data !== undefined) return putBytes(Buffer.from(data, 'base64'), EMBEDDED);

  const reasons: { readonly from: string; readonly error: unknown }[] = [];
  for (const { registry, repository, name } of sources) {
    try {
      const got = await fetched(() => open(registry, repository, digest, isManifest, options));
      return isManifest ? await putBytes(await fetched(() => got.bytes()), name) : await putStream(got, name);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!(error instanceof Unfit)) throw error;
      reasons.push({ from: name, error: error.cause });
    }
  }
  return { repair: { ...lack, outcome: 'lost', reasons } };
}

/** A source cannot be reached, or has other bytes: a reason to ask the next one, which a full disk of ours is not. */
class Unfit extends Error {
  constructor(cause: unknown) {
    super('the source does not have it', { cause });
  }
}

async function fetched<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new Unfit(error);
  }
}

/** What is malformed leads nowhere; its bytes are right all the same. */
function parsed(bytes: Uint8Array, mediaType: string): Manifest | undefined {
  try {
    return parseManifest(bytes, mediaType);
  } catch (error) {
    if (error instanceof Invalid) return undefined;
    throw error;
  }
}

/** Some registries have manifests of other types as blobs alone, and others what an index lists as manifests alone. */
async function open(
  registry: Registry,
  repository: string,
  digest: Digest,
  isManifest: boolean,
  options: Options,
): Promise<Content> {
  const ways = [
    () => registry.getManifest(repository, digest, options),
    () => registry.getBlob(repository, digest, options),
  ] as const;
  const [first, second] = isManifest ? ways : ([ways[1], ways[0]] as const);
  try {
    return await first();
  } catch (error) {
    if (!isAbsent(error)) throw error;
    return second().catch((again: unknown) => {
      throw isAbsent(again) ? error : again;
    });
  }
}
