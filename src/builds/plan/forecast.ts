import type { Digest } from '../../oci/index.ts';
import { forArchitecture, type ArchIndex } from '../resolve/arch-index.ts';
import { buildIdOf } from '../resolve/build-id.ts';
import type { IndexCache } from '../resolve/index-cache.ts';
import type { Sources } from '../sources/link-parents.ts';
import type { StagingRepository, Staging } from '../resolve/staging.ts';
import type { ImageName, Parent, Target } from '../sources/target.ts';

/** What there is of an image: `null` if nothing, `undefined` if that is not known yet. */
export type Known<T> = T | null | undefined;

/** Tells what an image that builds start from has for an architecture. */
export type ParentFinder = (image: ImageName, arch: string) => Known<ArchIndex>;

/** What will have to be asked about the builds of one stagingRepository, as far as it can be told now. */
export interface Forecast {
  /** Where they are put; undefined where no list of tags can tell. */
  readonly stagingRepository: StagingRepository | undefined;
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

export interface ForecastOptions {
  readonly sources: Sources;
  /** The positions of the builds that it is about; all unless told. */
  readonly wanted?: ReadonlySet<number> | undefined;
  readonly staging: Staging;
  readonly cache: IndexCache;
  readonly parentOf: ParentFinder;
  /** Whether a tag of a stagingRepository is there, as far as lists tell. */
  readonly hasTag: (stagingRepository: StagingRepository, tag: string) => boolean | undefined;
}

/** Goes over the builds, and tells for each stagingRepository what is known of them, without asking anything. */
export function makeForecasts(options: ForecastOptions): readonly Forecast[] {
  const { sources, wanted, staging, parentOf } = options;
  const forecasts = new Map<string, Forecast>();
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
    const forecast = forecastOf(forecasts, staging.repositoryOf(arch));
    const parents = new Map<string, Digest>();
    let state: Known<'ready'> = 'ready';
    for (const parent of target.parents) {
      const digest = digestOf(parent, arch);
      if (digest === null) state = null;
      else if (digest !== undefined) parents.set(parent.from, digest);
      else if (state !== null) state = undefined;
    }
    if (state === undefined) forecast.open++;
    digests[position] =
      state === 'ready'
        ? look(options, forecast, target, buildIdOf({ sourceId: source.sourceId, arch, parents }))
        : state;
  }
  return [...forecasts.values()];
}

/** Counts a build whose id is known. @returns what is known of its image */
function look(
  { sources, staging, cache, hasTag }: ForecastOptions,
  forecast: Forecast,
  { position, arch }: Target,
  buildId: string,
): Known<Digest> {
  const image = staging.imageOf(buildId, arch);
  const { tag } = image.reference;
  if (cache.has(image.name)) {
    forecast.cached++;
    // Nobody asks for those that nothing is built on.
    const index = sources.bases.has(position) ? cache.get(image.name) : undefined;
    return (index && forArchitecture(index, arch, image)?.digest) ?? null;
  }
  const there =
    forecast.stagingRepository && tag !== undefined ? hasTag(forecast.stagingRepository, tag) : undefined;
  if (there === undefined) forecast.uncertain++;
  else if (there) forecast.listed++;
  else forecast.missing++;
  return there === false ? null : undefined;
}

function forecastOf(
  forecasts: Map<string, Forecast>,
  stagingRepository: StagingRepository | undefined,
): Forecast {
  const name = stagingRepository === undefined ? '' : keyOf(stagingRepository);
  const known = forecasts.get(name);
  if (known !== undefined) return known;
  const fresh = { stagingRepository, cached: 0, listed: 0, missing: 0, uncertain: 0, open: 0 };
  forecasts.set(name, fresh);
  return fresh;
}

function keyOf({ name, prefix, suffix }: StagingRepository): string {
  return `${name}:${prefix}*${suffix}`;
}
