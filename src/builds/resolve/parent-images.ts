import type { SynthesizedIndex } from '../../image/index.ts';
import { forArchitecture, type ArchIndex } from './arch-index.ts';
import type { ParentFinder } from '../plan/forecast.ts';
import type { IndexCache } from './index-cache.ts';
import type { Lookups } from './lookups.ts';
import type { ImageName } from '../sources/target.ts';

/** The images that builds start from. */
export interface ParentImages {
  /** Looks some up, all at once. */
  find(images: readonly ImageName[]): Promise<void>;
  /** What one has for an architecture, of those that were looked up and of those in the cache. */
  readonly of: ParentFinder;
  /** Notes that one is built on. */
  use(image: ImageName): void;
}

/** Begins with those that the cache knows. */
export function createParentImages(lookups: Lookups, cache: IndexCache): ParentImages {
  const found = new Map<string, SynthesizedIndex | null>();
  const taken = new Map<string, ArchIndex | null>();
  const indexOf = (name: string): SynthesizedIndex | null | undefined => {
    if (!found.has(name) && cache.has(name)) found.set(name, cache.get(name) ?? null);
    return found.get(name);
  };
  return {
    async find(images) {
      const find = async (image: ImageName): Promise<void> => {
        found.set(image.name, (await lookups.find(image)) ?? null);
      };
      await Promise.all(images.filter(({ name }) => indexOf(name) === undefined).map(find));
    },
    of(image, arch) {
      const key = `${image.name} ${arch}`;
      const known = taken.get(key);
      if (known !== undefined) return known;
      const index = indexOf(image.name);
      if (index === undefined) return undefined;
      const part = index === null ? null : (forArchitecture(index, arch, image) ?? null);
      taken.set(key, part);
      return part;
    },
    use({ name, reference: { digest } }) {
      // What a tag means today is nothing to keep.
      if (digest !== undefined) cache.keep(name, found.get(name) ?? undefined);
    },
  };
}
