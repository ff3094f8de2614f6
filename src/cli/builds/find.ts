import { existsSync } from 'node:fs';
import {
  createBuilds,
  DEFAULT_STAGING,
  formatBuilds,
  formatIndexes,
  parseIndexCache,
  parseSources,
  parseStaging,
  targetName,
  type BuildProgress,
  type BuildsOptions,
  type IndexCache,
  type Shard,
  type Sources,
  type Staging,
} from '../../builds/index.ts';
import { replaceFile } from '../../disk/index.ts';
import { Invalid } from '../../oci/index.ts';
import type { Places } from '../../place/index.ts';
import type { Rate } from '../../transport/index.ts';
import { say, type Context } from '../context.ts';
import { fail, misuse } from '../failure.ts';
import type { RegistryFlags } from '../flags.ts';
import { checkTarget, chunksOf, inFile } from '../input.ts';
import { write } from '../output.ts';
import { inPieces } from './pieces.ts';
import { createPlanReport } from '../report/plan-report.ts';
import { createProgress } from '../report/progress.ts';
import { withPlaces, type Session } from '../session.ts';
import { limitHeapGrowth } from './heap.ts';

export interface BuildsFlags extends Omit<RegistryFlags, 'cache'> {
  readonly cache?: string;
  readonly plan?: boolean;
  readonly verbose?: boolean;
  readonly shard?: Shard;
  readonly queue?: boolean;
  readonly stagingTemplate?: string;
}

/** The Docker Official Images have a quarter of so many builds. */
const MANY = 10_000;
/** Requests are many and small here: what limits them is the registry's rate. */
const CONCURRENCY = 256;

/** `stowage builds SOURCES`: a builds.json on standard output; how it goes, on standard error. */
export default async function builds(this: Context, flags: BuildsFlags, file: string): Promise<void> {
  if (flags.shard !== undefined && flags.queue) return misuse(this, 'either --shard or --queue');
  if (flags.queue && flags.redis === undefined) return misuse(this, '--queue needs --redis and --run');
  const options = { keepContent: 'never', concurrency: CONCURRENCY } as const;
  await withPlaces(
    this,
    { ...flags, cache: true },
    (places, session) => run(this, flags, file, places, session).catch((error: unknown) => fail(this, error)),
    options,
  );
}

async function run(
  context: Context,
  flags: BuildsFlags,
  file: string,
  places: Places,
  session: Session,
): Promise<undefined> {
  const staging = stagingOf(context, flags);
  if (staging === undefined) return;
  if (flags.cache !== undefined) await checkTarget(flags.cache, 'cache');
  const sources = await inFile(file, 'sources', () => parseSources(chunksOf(context, file)));
  if (sources.targets.length > MANY) limitHeapGrowth();
  const cache = flags.cache === undefined ? undefined : await readCache(context, flags.cache);
  const watching = watch(context, flags, session, rateOf(places, sources, staging));
  const { shard, queue } = flags;
  try {
    const found = createBuilds({
      sources,
      staging,
      ...(cache !== undefined && { cache }),
      registryOf: places.registry,
      authorize: (host, repositories, options) =>
        places.authorize(
          host,
          repositories.map((repository) => ({ repository, actions: ['pull'] })),
          options,
        ),
      signal: context.signal,
      ...(session.ledger !== undefined && { ledger: session.ledger }),
      ...(shard !== undefined && { shard }),
      ...(queue !== undefined && { queue }),
      ...watching.hooks,
    });
    for await (const piece of inPieces(formatBuilds(found, sources))) await write(context, piece);
    watching.done();
    // What was learnt in a run that failed may be half of it.
    if (flags.cache !== undefined && cache !== undefined)
      await replaceFile(flags.cache, inPieces(formatIndexes(cache.kept(sources.spelling)), 1024 * 1024));
  } finally {
    watching.end();
  }
}

/** What earlier runs looked up; nothing, in the first one. */
async function readCache(context: Context, file: string): Promise<IndexCache> {
  if (!existsSync(file)) return parseIndexCache();
  return inFile(file, 'cache', () => parseIndexCache(chunksOf(context, file)));
}

function stagingOf(context: Context, { stagingTemplate }: BuildsFlags): Staging | undefined {
  const template = stagingTemplate ?? context.process.env['BASHBREW_STAGING_TEMPLATE'];
  try {
    return parseStaging(template ?? DEFAULT_STAGING);
  } catch (error) {
    if (error instanceof Invalid) return misuse(context, error.message);
    throw error;
  }
}

/** The rate of the registry that most requests go to: where the builds are put. */
function rateOf(places: Places, { targets }: Sources, staging: Staging): Rate | undefined {
  const [target] = targets;
  return target && places.rate(staging.imageOf('0', target.arch).reference.host);
}

interface Watching {
  readonly hooks: Pick<BuildsOptions, 'onPlan' | 'onProgress'>;
  /** All went well. */
  done(): void;
  end(): void;
}

/** Tells how it goes, and what is asked for. */
function watch(context: Context, flags: BuildsFlags, session: Session, rate: Rate | undefined): Watching {
  const report = createPlanReport(context, {
    wanted: flags.plan === true,
    ...(rate !== undefined && { rate }),
  });
  session.listen(report.onEvent);
  const progress = createProgress(context, { name: 'builds', unit: 'builds' });
  let looked = 0;
  return {
    hooks: {
      onPlan: report.revise,
      onProgress(event) {
        if (event.type === 'expected') progress.expect(event.builds);
        else {
          looked++;
          if (event.build !== undefined) progress.advance();
          if (flags.verbose) say(context, lineOf(event));
        }
      },
    },
    done() {
      if (flags.queue && looked === 0)
        say(context, 'the queue of this run is used up: another --run begins a new one');
    },
    end() {
      progress.end();
      report.end();
    },
  };
}

function lineOf({ target, build }: Extract<BuildProgress, { type: 'target' }>): string {
  return `${target.tag}, ${targetName(target.source.sourceId, target.arch)}: ${build?.buildId ?? 'waits for a parent'}`;
}
