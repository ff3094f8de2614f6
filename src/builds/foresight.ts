import type { Digest } from '../oci/index.ts';
import { forArchitecture, type ArchIndex } from './arch-index.ts';
import { buildIdOf } from './build-id.ts';
import type { IndexCache } from './index-cache.ts';
import type { Sources } from './link.ts';
import type { Shelf, Staging } from './staging.ts';
import type { ImageName, Parent, Target } from './target.ts';

/** What there is of an image: `null` if nothing, `undefined` if that is not known yet. */
export type Known<T> = T | null | undefined;

/** Tells what an image that builds start from has for an architecture. */
export type ParentFinder = (image: ImageName, arch: string) => Known<ArchIndex>;

/** What will have to be asked about the builds of one shelf, as far as it can be told now. */
export interface Outlook {
  /** Where they are put; undefined where no list of tags can tell. */
  readonly shelf: Shelf | undefined;
  /** Builds whose images have names already: those that the cache has, … */
  cached: number;
  /** … that a list of tags has, … */
  listed: number;
  /** … that it has not, … */
  missing: number;
  /** … and of which nothing is known. */
  uncertain: number;
  /** Builds whose parents have to be known first. Those that can never be are left out. */
  open: number;
}

export interface ForesightOptions {
  readonly sources: Sources;
  /** The positions of the builds that it is about; all unless told. */
  readonly wanted?: ReadonlySet<number> | undefined;
  readonly staging: Staging;
  readonly cache: IndexCache;
  readonly parentOf: ParentFinder;
  /** Whether a tag of a shelf is there, as far as lists tell. */
  readonly hasTag: (shelf: Shelf, tag: string) => boolean | undefined;
}

/** Goes over the builds, and tells for each shelf what is known of them, without asking anything. */
export function foresee(options: ForesightOptions): readonly Outlook[] {
  const { sources, wanted, staging, parentOf } = options;
  const outlooks = new Map<string, Outlook>();
  /** By position: of what a target is built to. */
  const digests: Known<Digest>[] = [];
  const digestOf = (parent: Parent, arch: string): Known<Digest> => {
    if (parent.kind === 'target') return digests[parent.position];
    const found = parentOf(parent.image, arch);
    return found && found.digest;
  };
  for (const position of sources.order) {
    const target = sources.targets[position];
    if (target === undefined || wanted?.has(position) === false) continue;
    const { source, arch } = target;
    const outlook = outlookOf(outlooks, staging.shelfOf(arch));
    const parents = new Map<string, Digest>();
    let state: Known<'ready'> = 'ready';
    for (const parent of target.parents) {
      const digest = digestOf(parent, arch);
      if (digest === null) state = null;
      else if (digest !== undefined) parents.set(parent.from, digest);
      else if (state !== null) state = undefined;
    }
    if (state === undefined) outlook.open++;
    digests[position] =
      state === 'ready'
        ? look(options, outlook, target, buildIdOf({ sourceId: source.sourceId, arch, parents }))
        : state;
  }
  return [...outlooks.values()];
}

/** Counts a build whose id is known. @returns what is known of its image */
function look(
  { sources, staging, cache, hasTag }: ForesightOptions,
  outlook: Outlook,
  { position, arch }: Target,
  buildId: string,
): Known<Digest> {
  const image = staging.imageOf(buildId, arch);
  const { tag } = image.reference;
  if (cache.has(image.name)) {
    outlook.cached++;
    // Nobody asks for those that nothing is built on.
    const index = sources.bases.has(position) ? cache.get(image.name) : undefined;
    return (index && forArchitecture(index, arch, image)?.digest) ?? null;
  }
  const there = outlook.shelf && tag !== undefined ? hasTag(outlook.shelf, tag) : undefined;
  if (there === undefined) outlook.uncertain++;
  else if (there) outlook.listed++;
  else outlook.missing++;
  return there === false ? null : undefined;
}

function outlookOf(outlooks: Map<string, Outlook>, shelf: Shelf | undefined): Outlook {
  const name = shelf === undefined ? '' : shelfName(shelf);
  const known = outlooks.get(name);
  if (known !== undefined) return known;
  const fresh = { shelf, cached: 0, listed: 0, missing: 0, uncertain: 0, open: 0 };
  outlooks.set(name, fresh);
  return fresh;
}

function shelfName({ name, prefix, suffix }: Shelf): string {
  return `${name}:${prefix}*${suffix}`;
}
