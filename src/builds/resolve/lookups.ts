import { isAbsent, synthesizeIndex, type SynthesizedIndex } from '../../image/index.ts';
import { intercept, type Registry } from '../../registry/index.ts';
import type { RequestLabel } from '../../plan/index.ts';
import type { IndexCache } from './index-cache.ts';
import type { Ledger } from './ledger.ts';
import { spell, type Spelling } from '../sources/image-name.ts';
import type { ImageName } from '../sources/target.ts';

/** Finds out what stands where. */
export interface Lookups {
  /** The index that describes an image; undefined if there is none. Nothing is remembered of it. */
  find(image: ImageName): Promise<SynthesizedIndex | undefined>;
}

export interface LookupsOptions {
  /** The registry of a host. */
  readonly registryOf: (host: string) => Registry;
  readonly cache: IndexCache;
  /** How places are written into indexes. Short unless told. */
  readonly spelling?: Spelling;
  readonly ledger?: Ledger | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Is told before a request that goes beyond the one for each image: a platform has to be read from a config. */
  readonly onMore?: ((request: RequestLabel) => void) | undefined;
}

/** Looks in the cache first, then asks the other processes of the run, if there are any, and the registry. */
export function createLookups({
  registryOf,
  cache,
  spelling = 'short',
  ledger,
  signal,
  onMore = () => {},
}: LookupsOptions): Lookups {
  const beyond = new Map<string, Registry>();
  const beyondFirst = (host: string): Registry => {
    const made = beyond.get(host) ?? watched(registryOf(host), onMore);
    beyond.set(host, made);
    return made;
  };
  const ask = async ({ reference }: ImageName): Promise<SynthesizedIndex | undefined> => {
    const { host } = reference;
    try {
      return await synthesizeIndex(registryOf(host), reference, {
        beyond: beyondFirst(host),
        nameOf: (digest) => spell({ ...reference, digest }, spelling),
        ...(signal !== undefined && { signal }),
      });
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw error;
    }
  };
  return {
    async find(image) {
      const known = cache.get(image.name);
      if (known !== undefined || ledger === undefined) return known ?? ask(image);
      const text = await ledger.once(`index ${image.name}`, async () =>
        JSON.stringify((await ask(image)) ?? null),
      );
      return (JSON.parse(text) as SynthesizedIndex | null) ?? undefined;
    },
  };
}

/** The same registry; what is read from it is told before. */
function watched(registry: Registry, onMore: (request: RequestLabel) => void): Registry {
  return intercept(registry, (operation, next) => {
    if (operation.name === 'getBlob') onMore('GET blob');
    if (operation.name === 'getManifest') onMore('GET manifest');
    return next(operation);
  });
}
