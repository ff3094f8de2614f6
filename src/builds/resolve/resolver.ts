import { forArchitecture, type ArchIndex } from './arch-index.ts';
import { buildIdOf } from './build-id.ts';
import type { IndexCache } from './index-cache.ts';
import type { Sources } from '../sources/link-parents.ts';
import type { Lookups } from './lookups.ts';
import type { ParentImages } from './parent-images.ts';
import type { TagLists } from '../plan/tag-lists.ts';
import type { Staging } from './staging.ts';
import type { Parent, Target } from '../sources/target.ts';

/** A source for one architecture, on the parents that there are now. */
export interface Build {
  /** 64 hexadecimal digits. */
  readonly buildId: string;
  readonly target: Target;
  /** Where its image is, or will be. */
  readonly img: string;
  /** What is there. Undefined if nothing: it has to be built. */
  readonly resolved: ArchIndex | undefined;
  /** What it is built on, by the names in the source. */
  readonly parents: ReadonlyMap<string, ArchIndex>;
}

/** Finds out about builds. */
export interface Resolver {
  /** The build of a target; undefined as long as a parent is not there. */
  build(target: Target): Promise<Build | undefined>;
}

export interface ResolverOptions {
  readonly sources: Sources;
  readonly staging: Staging;
  readonly cache: IndexCache;
  readonly lookups: Lookups;
  readonly parents: ParentImages;
  readonly tagLists: TagLists;
}

/** Those that others are built on are remembered; the others are soon written, and forgotten. */
export function createResolver(options: ResolverOptions): Resolver {
  const { sources, staging, cache, lookups, parents: images, tagLists } = options;
  const bases = new Map<number, Promise<Build | undefined>>();

  const parentOf = async (parent: Parent, arch: string): Promise<ArchIndex | undefined> => {
    if (parent.kind === 'target') {
      const target = sources.targets[parent.position];
      return (target && (await build(target)))?.resolved;
    }
    images.use(parent.image);
    return images.of(parent.image, arch) ?? undefined;
  };

  const resolve = async (buildId: string, arch: string): Promise<ArchIndex | undefined> => {
    const image = staging.imageOf(buildId, arch);
    const stagingRepository = staging.repositoryOf(arch);
    const { tag } = image.reference;
    // What the cache has, is there for it, though it may have gone since.
    if (
      !cache.has(image.name) &&
      stagingRepository &&
      tag !== undefined &&
      tagLists.has(stagingRepository, tag) === false
    )
      return undefined;
    const index = await lookups.find(image);
    if (index === undefined) return undefined;
    cache.keep(image.name, index);
    return forArchitecture(index, arch, image);
  };

  const find = async (target: Target): Promise<Build | undefined> => {
    // Parents may stand one above the other as high as they like, which the stack cannot.
    await Promise.resolve();
    const { arch, source } = target;
    const parents = new Map<string, ArchIndex>();
    for (const parent of target.parents) {
      const found = await parentOf(parent, arch);
      if (found === undefined) return undefined;
      parents.set(parent.from, found);
    }
    const digests = new Map([...parents].map(([from, { digest }]) => [from, digest]));
    const buildId = buildIdOf({ sourceId: source.sourceId, arch, parents: digests });
    const resolved = await resolve(buildId, arch);
    return { buildId, target, img: staging.nameOf(buildId, arch), resolved, parents };
  };

  const build = (target: Target): Promise<Build | undefined> => {
    const { position } = target;
    const known = bases.get(position);
    if (known !== undefined) return known;
    const found = find(target);
    if (sources.bases.has(position)) bases.set(position, found);
    return found;
  };
  return { build };
}
