import { completeJobs, readJobs } from '../../builds/index.ts';
import { replaceFile } from '../../disk/index.ts';
import { formatJson, isOrderedObject } from '../../json/index.ts';
import { say, type Context } from '../context.ts';
import { fail } from '../failure.ts';
import { inFile, readDocument } from '../input.ts';

export interface BuildsCompletedFlags {
  readonly record: string;
}

/** `stowage builds completed COMPLETED.json`: enters into the record of the queue what became of its builds. */
export default async function completed(
  this: Context,
  { record }: BuildsCompletedFlags,
  file: string,
): Promise<void> {
  try {
    const recorded = await readDocument(this, record, 'jobs');
    const jobs = await inFile(record, 'jobs', async () => readJobs(recorded));
    const done = await readDocument(this, file, 'jobs');
    const merged = await inFile(file, 'jobs', async () => completeJobs(jobs, done));
    await replaceFile(record, `${formatJson(merged)}\n`);
    const entered = isOrderedObject(done) ? done.size : 0;
    say(this, `${entered} build${entered === 1 ? '' : 's'} entered into ${record}`);
  } catch (error) {
    fail(this, error);
  }
}
