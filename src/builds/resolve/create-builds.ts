import { setMaxListeners } from 'node:events';
import { inOrder } from '../../image/index.ts';
import { addPlans, type Plan } from '../../plan/index.ts';
import type { Registry } from '../../registry/index.ts';
import { createResolver, type Build, type Resolver } from './resolver.ts';
import { noCache, type IndexCache } from './index-cache.ts';
import type { Ledger } from './ledger.ts';
import type { Sources } from '../sources/link-parents.ts';
import { createLookups } from './lookups.ts';
import { isInShard, type Shard } from './shard.ts';
import type { Staging } from './staging.ts';
import { createUnplanned } from '../plan/unplanned.ts';
import { createSurvey, type Survey } from '../plan/survey.ts';
import type { Target } from '../sources/target.ts';
import { withAncestors } from '../sources/ancestors.ts';

export interface BuildsOptions {
  readonly sources: Sources;
  readonly staging: Staging;
  /** The registry of a host, as references name it. */
  readonly registryOf: (host: string) => Registry;
  /** What earlier runs looked up, and what the next ones may use. */
  readonly cache?: IndexCache;
  /** Gets tokens for repositories of a host that are going to be read. */
  readonly authorize?: (
    host: string,
    repositories: readonly string[],
    options: { readonly signal: AbortSignal },
  ) => Promise<void>;
  /** Shares what is found out with the other processes of a run. */
  readonly ledger?: Ledger;
  /** Only this part of the builds. */
  readonly shard?: Shard;
  /** Only what this process takes from the queue of the ledger, in the order in which it does. */
  readonly queue?: boolean;
  readonly signal?: AbortSignal;
  /** Is told how many requests there will be at the most, before they are made, and again when more is known. */
  readonly onPlan?: (plan: Plan, when: string) => void;
  /** Is told how many builds there may be, and of each target that has been looked at, what came of it. */
  readonly onProgress?: (progress: BuildProgress) => void;
}

/** What happens while builds are found. */
export type BuildProgress =
  | { readonly type: 'expected'; readonly builds: number }
  /** `build` is undefined where a parent is not there yet. */
  | { readonly type: 'target'; readonly target: Target; readonly build: Build | undefined };

/**
 * Builds that are looked at ahead of the one that is written next. Fewer of them are under way: what many others wait
 * for would else come last in a long queue.
 */
const AHEAD = { held: 1024, underWay: 320 };
/** Taken from the queue at once. Others want some, too. */
const PORTION = 16;

/** The most requests that a run will make, as far as the files tell. */
export function planBuilds(options: BuildsOptions): Plan {
  return prepare(options).survey.plan();
}

/**
 * Finds all builds of sources: their parents first and lists of tags where that spares requests, then the images.
 * Those that wait for a parent are left out.
 * @returns the builds in the order of the sources, each as soon as it and those before it are known
 * @throws {RegistryError} what lookups fail with; `MANIFEST_INVALID` for indexes with two images for one architecture.
 */
export async function* createBuilds(options: BuildsOptions): AsyncGenerator<Build> {
  const { authorize, onProgress = () => {} } = options;
  const ending = new AbortController();
  // It stands over a thousand requests at a time, which Node would take for a leak.
  setMaxListeners(0, ending.signal);
  const signal =
    options.signal === undefined ? ending.signal : AbortSignal.any([options.signal, ending.signal]);
  try {
    const { survey, builder, chosen, bases, tell } = prepare(options, signal);
    tell('from the files alone');
    if (authorize !== undefined)
      await Promise.all(
        [...survey.repositories]
          // The first request to one repository asks for its token as well as this would.
          .filter(([, repositories]) => repositories.size > 1)
          .map(([host, repositories]) => authorize(host, [...repositories], { signal })),
      );
    await survey.make();
    tell('after the tag lists');
    onProgress({ type: 'expected', builds: survey.expected() });
    // Others wait for these, so they go first. What they fail with, those will tell.
    for (const target of bases) builder.build(target).catch(() => {});
    const find = async (target: Target): Promise<Build | undefined> => {
      const build = await builder.build(target);
      onProgress({ type: 'target', target, build });
      return build;
    };
    for await (const build of inOrder(
      work(options, chosen),
      find,
      options.queue ? { held: 4 * PORTION } : AHEAD,
    ))
      if (build !== undefined) yield build;
  } finally {
    ending.abort();
  }
}

interface Prepared {
  readonly survey: Survey;
  readonly builder: Resolver;
  /** The targets whose builds are given. */
  readonly chosen: readonly Target[];
  /** Those that others are built on, as far as it is certain that this process needs them. */
  readonly bases: readonly Target[];
  /** Tells the plan as it is now. */
  tell(when: string): void;
}

function prepare(options: BuildsOptions, signal?: AbortSignal): Prepared {
  const { sources, staging, registryOf, ledger, shard, onPlan = () => {} } = options;
  const cache = options.cache ?? noCache;
  const chosen =
    shard === undefined ? sources.targets : sources.targets.filter((target) => isInShard(target, shard));
  // Not one of them can be asked for later.
  for (const arch of new Set(sources.targets.map((target) => target.arch))) staging.imageOf('0', arch);
  let plan: Plan | undefined;
  const more = createUnplanned((surplus) => {
    if (plan !== undefined) onPlan(addPlans(plan, surplus), 'after indexes without platforms');
  });
  const lookups = createLookups({
    registryOf,
    cache,
    spelling: sources.spelling,
    ledger,
    signal,
    onMore: more.add,
  });
  const wanted = withAncestors(sources, chosen);
  const survey = createSurvey({ sources, wanted, staging, cache, lookups, registryOf, ledger, signal });
  const { parents, tagLists } = survey;
  return {
    survey,
    builder: createResolver({ sources, staging, cache, lookups, parents, tagLists }),
    chosen,
    bases: options.queue
      ? []
      : sources.targets.filter(({ position }) => wanted.has(position) && sources.bases.has(position)),
    tell(when) {
      plan = survey.plan();
      onPlan(addPlans(plan, more.plan()), when);
    },
  };
}

/** The targets to look at, in their order: all that were chosen, or what nobody else has taken from the queue. */
async function* work({ ledger, queue }: BuildsOptions, chosen: readonly Target[]): AsyncGenerator<Target> {
  if (!queue || ledger === undefined) {
    yield* chosen;
    return;
  }
  for (;;) {
    const first = await ledger.next(PORTION);
    if (first >= chosen.length) return;
    yield* chosen.slice(first, first + PORTION);
  }
}
