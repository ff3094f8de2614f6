import { formatJson, type Ordered, type OrderedObject } from '../../json/index.ts';
import { nextJob, type JobsRecord } from './jobs.ts';
import { nameOf, type ListedBuild } from './listed-build.ts';
import { windowsVersionOf } from './windows.ts';

export interface QueueOptions {
  readonly arch: string;
  /** The record of the last run; it was the first one unless told. */
  readonly past?: JobsRecord;
  /** In seconds since 1970. */
  readonly now: number;
  /** Add to each build what starts it at GitHub, as `gha_payload`. */
  readonly payload?: boolean;
}

/** What is to be built next. */
export interface Queue {
  /** The builds, those that failed most often last. Each with its `identifier`, and its `windowsVersion` if it needs one. */
  readonly queue: readonly OrderedObject[];
  /** The record for the next run. What was built meanwhile is not in it any more. */
  readonly record: JobsRecord;
  /** How many rest, as they failed not long ago. */
  readonly skipped: number;
}

/**
 * What is to be built of an architecture. Builds that fail again and again rest between two tries, up to 32 hours.
 * @throws {Invalid} subject `builds`, with a pointer.
 */
export async function queueOf(
  builds: AsyncIterable<ListedBuild> | Iterable<ListedBuild>,
  { arch, past = new Map(), now, payload = false }: QueueOptions,
): Promise<Queue> {
  const record = new Map<string, OrderedObject>();
  const queue: { readonly count: number; readonly document: OrderedObject }[] = [];
  for await (const build of builds) {
    if (build.resolved !== undefined || build.arch !== arch) continue;
    const identifier = nameOf(build);
    const job = nextJob(past.get(build.id), identifier, now);
    record.set(build.id, job.record);
    if (!job.skip) queue.push({ count: job.count, document: queued(build, identifier, payload) });
  }
  return {
    queue: queue.sort((a, b) => a.count - b.count).map(({ document }) => document),
    record,
    skipped: record.size - queue.length,
  };
}

function queued(build: ListedBuild, identifier: string, payload: boolean): OrderedObject {
  return new Map<string, Ordered>([
    ...build.document,
    ...windowsVersion(build),
    ['identifier', identifier],
    ...(payload ? [['gha_payload', formatJson(dispatchOf(build), { compact: true })] as const] : []),
  ]);
}

/**
 * What starts a build as a workflow at GitHub.
 * @see https://docs.github.com/en/rest/actions/workflows#create-a-workflow-dispatch-event
 */
export function dispatchOf(build: ListedBuild): OrderedObject {
  return new Map<string, Ordered>([
    ['ref', 'main'],
    [
      'inputs',
      new Map<string, Ordered>([
        ['buildId', build.id],
        ['bashbrewArch', build.arch],
        ['firstTag', nameOf(build)],
        ...windowsVersion(build),
      ]),
    ],
  ]);
}

function windowsVersion(build: ListedBuild): readonly (readonly [string, string])[] {
  const version = windowsVersionOf(build);
  return version === undefined ? [] : [['windowsVersion', version]];
}
