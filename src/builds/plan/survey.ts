import type { Plan } from '../../plan/index.ts';
import type { Registry } from '../../registry/index.ts';
import { makeForecasts, type ForecastOptions, type Forecast } from './forecast.ts';
import type { IndexCache } from '../resolve/index-cache.ts';
import type { Ledger } from '../resolve/ledger.ts';
import type { Sources } from '../sources/link-parents.ts';
import type { Lookups } from '../resolve/lookups.ts';
import { createParentImages, type ParentImages } from '../resolve/parent-images.ts';
import { mostPagesOf, planBuildRequests, repositoriesOf, type PlanInput } from './plan-builds.ts';
import { createTagLists, type TagLists } from './tag-lists.ts';
import type { Staging } from '../resolve/staging.ts';
import { imagesOf } from '../sources/ancestors.ts';

/** What a run learns before it looks at its first build. */
export interface Survey {
  readonly parents: ParentImages;
  readonly tagLists: TagLists;
  /** What is asked at the most, as far as is known by now. */
  plan(): Plan;
  /** How many builds there may be, as far as is known by now: those that have their parents. */
  expected(): number;
  /** The repositories that will be asked, by their hosts. */
  readonly repositories: PlanInput['repositories'];
  /** Looks up the images that builds start from, and reads lists of tags where that is worth it. */
  make(): Promise<void>;
}

export interface SurveyOptions {
  readonly sources: Sources;
  /** The positions of the builds that it is about, and of those that these are built on. */
  readonly wanted: ReadonlySet<number>;
  readonly staging: Staging;
  readonly cache: IndexCache;
  readonly lookups: Lookups;
  readonly registryOf: (host: string) => Registry;
  readonly ledger?: Ledger | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The forecasts for what this process does, and for what all of its run do. */
interface View {
  readonly own: readonly Forecast[];
  readonly all: readonly Forecast[];
}

/** Prepares to learn what there is. Until then, the files alone are known. */
export function createSurvey(options: SurveyOptions): Survey {
  const { sources, wanted, staging, cache, lookups, registryOf, ledger, signal } = options;
  const parents = createParentImages(lookups, cache);
  const tagLists = createTagLists({ registryOf, cache, ledger, signal });
  const images = imagesOf(sources, wanted).filter(({ name }) => !cache.has(name));
  const foresight: ForecastOptions = {
    sources,
    wanted,
    staging,
    cache,
    parentOf: parents.of,
    hasTag: tagLists.has,
  };
  const look = (): View => {
    const own = makeForecasts(foresight);
    // What is shared with others is decided by what all of them need.
    return { own, all: ledger === undefined ? own : makeForecasts({ ...foresight, wanted: undefined }) };
  };
  let view = look();
  let surveyed = false;
  const repositories = repositoriesOf([
    ...images.map(({ reference }) => reference),
    ...view.own.flatMap(({ stagingRepository, uncertain, open }) =>
      stagingRepository && uncertain + open > 0 ? [stagingRepository] : [],
    ),
  ]);
  return {
    parents,
    tagLists,
    repositories,
    plan() {
      const asked = (of: readonly Forecast[]): number =>
        sum(of, (each) => each.listed + each.uncertain + tagLists.unclaimed(each));
      return planBuildRequests({
        repositories,
        images,
        pages: tagLists.pages + (surveyed ? 0 : mostPagesOf(view.all)),
        builds: asked(view.own),
        apart: asked(view.own.filter(({ stagingRepository }) => stagingRepository === undefined)),
      });
    },
    expected: () =>
      sum(
        view.own,
        ({ cached, listed, missing, uncertain, open }) => cached + listed + missing + uncertain + open,
      ),
    async make() {
      // Where the cache knows builds, it is seen first how many it does not know.
      const known = new Set([...cache.names()].map((name) => name.slice(0, name.lastIndexOf(':'))));
      const unknown = view.all.filter(
        ({ stagingRepository }) => stagingRepository && !known.has(stagingRepository.name),
      );
      await Promise.all([parents.find(images), tagLists.readOn(unknown)]);
      do view = look();
      while (await tagLists.readOn(view.all));
      surveyed = true;
    },
  };
}

function sum(forecasts: readonly Forecast[], of: (forecast: Forecast) => number): number {
  return forecasts.reduce((total, forecast) => total + of(forecast), 0);
}
