import type { Plan } from '../plan/index.ts';
import type { Registry } from '../registry/index.ts';
import { foresee, type ForesightOptions, type Outlook } from './foresight.ts';
import type { IndexCache } from './index-cache.ts';
import type { Ledger } from './ledger.ts';
import type { Sources } from './link.ts';
import type { Lookups } from './lookups.ts';
import { createParentImages, type ParentImages } from './parent-images.ts';
import { mostPagesOf, planBuildRequests, repositoriesOf, type Prospect } from './plan.ts';
import { createShelves, type Shelves } from './shelves.ts';
import type { Staging } from './staging.ts';
import { imagesOf } from './wanted.ts';

/** What a run learns before it looks at its first build. */
export interface Survey {
  readonly parents: ParentImages;
  readonly shelves: Shelves;
  /** What is asked at the most, as far as is known by now. */
  plan(): Plan;
  /** How many builds there may be, as far as is known by now: those that have their parents. */
  expected(): number;
  /** The repositories that will be asked, by their hosts. */
  readonly repositories: Prospect['repositories'];
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

/** The outlooks for what this process does, and for what all of its run do. */
interface View {
  readonly own: readonly Outlook[];
  readonly all: readonly Outlook[];
}

/** Prepares to learn what there is. Until then, the files alone are known. */
export function createSurvey(options: SurveyOptions): Survey {
  const { sources, wanted, staging, cache, lookups, registryOf, ledger, signal } = options;
  const parents = createParentImages(lookups, cache);
  const shelves = createShelves({ registryOf, cache, ledger, signal });
  const images = imagesOf(sources, wanted).filter(({ name }) => !cache.has(name));
  const foresight: ForesightOptions = {
    sources,
    wanted,
    staging,
    cache,
    parentOf: parents.of,
    hasTag: shelves.has,
  };
  const look = (): View => {
    const own = foresee(foresight);
    // What is shared with others is decided by what all of them need.
    return { own, all: ledger === undefined ? own : foresee({ ...foresight, wanted: undefined }) };
  };
  let view = look();
  let surveyed = false;
  const repositories = repositoriesOf([
    ...images.map(({ reference }) => reference),
    ...view.own.flatMap(({ shelf, uncertain, open }) => (shelf && uncertain + open > 0 ? [shelf] : [])),
  ]);
  return {
    parents,
    shelves,
    repositories,
    plan() {
      const asked = (of: readonly Outlook[]): number =>
        sum(of, (each) => each.listed + each.uncertain + shelves.unclaimed(each));
      return planBuildRequests({
        repositories,
        images,
        pages: shelves.pages + (surveyed ? 0 : mostPagesOf(view.all)),
        builds: asked(view.own),
        apart: asked(view.own.filter(({ shelf }) => shelf === undefined)),
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
      const unknown = view.all.filter(({ shelf }) => shelf && !known.has(shelf.name));
      await Promise.all([parents.find(images), shelves.readOn(unknown)]);
      do view = look();
      while (await shelves.readOn(view.all));
      surveyed = true;
    },
  };
}

function sum(outlooks: readonly Outlook[], of: (outlook: Outlook) => number): number {
  return outlooks.reduce((total, outlook) => total + of(outlook), 0);
}
