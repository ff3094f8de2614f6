import { queueOf, readBuilds, readJobs, type JobsRecord } from '../../builds/index.ts';
import { replaceFile } from '../../disk/index.ts';
import { formatJson } from '../../json/index.ts';
import { print, say, type Context } from '../context.ts';
import { fail } from '../failure.ts';
import { createArchCheck } from './arch-check.ts';
import { checkTarget, chunksOf, inFile, leftBefore, readDocument } from '../input.ts';

export interface BuildsQueueFlags {
  readonly arch: string;
  readonly past?: string;
  readonly record?: string;
  /** In seconds since 1970. */
  readonly now?: number;
  readonly payload?: boolean;
}

/** `stowage builds queue BUILDS.json`: what is to be built next on standard output, the numbers on standard error. */
export default async function queue(
  this: Context,
  { arch, past: before, record, now = Date.now() / 1000, payload = false }: BuildsQueueFlags,
  file: string,
): Promise<void> {
  const arches = createArchCheck(this, arch);
  try {
    if (record !== undefined) await checkTarget(record, 'jobs');
    const past = await readPast(this, leftBefore(this, before));
    const found = await inFile(file, 'builds', () =>
      queueOf(arches.watch(readBuilds(chunksOf(this, file))), { arch, past, now, payload }),
    );
    print(this, formatJson(found.queue));
    // Last, so that nothing counts as tried that nobody was told of.
    if (record !== undefined) await replaceFile(record, `${formatJson(found.record)}\n`);
    say(this, `${arch}: ${found.queue.length} to be built, ${found.skipped} skipped after they failed`);
    arches.tell(file);
  } catch (error) {
    fail(this, error);
  }
}

async function readPast(context: Context, path: string | undefined): Promise<JobsRecord> {
  if (path === undefined) return new Map();
  const document = await readDocument(context, path, 'jobs');
  return inFile(path, 'jobs', async () => readJobs(document));
}
