import {
  isOrderedObject,
  JsonNumber,
  type Ordered,
  createDocumentReader,
  type DocumentReader,
  type OrderedObject,
} from '../../json/index.ts';

/** How often each build was tried, and when: what is kept from one run of the queue to the next. */
export type JobsRecord = ReadonlyMap<string, OrderedObject>;

/**
 * Reads the record of an earlier run. What was entered of builds that no run had queued has no count.
 * @throws {Invalid} subject `jobs`, with a pointer.
 */
export function readJobs(document: Ordered): JobsRecord {
  const at = createDocumentReader(document, 'jobs');
  if (!isOrderedObject(document)) throw at.wrong('want an object of jobs');
  const jobs = [...document].filter(([, job]) => job !== null);
  return new Map(jobs.map(([id]) => [id, readJob(at, id)]));
}

function readJob(at: DocumentReader, id: string): OrderedObject {
  const job = at.object(id);
  const count = at.findNumber(id, 'count') ?? 0;
  if (!Number.isSafeInteger(count) || count < 0) throw at.wrong('want a whole number', id, 'count');
  const time = at.findNumber(id, 'lastTime') ?? 0;
  // JSON can write numbers that are too large for any clock.
  if (!Number.isFinite(time)) throw at.wrong('want a number of seconds', id, 'lastTime');
  return job;
}

/** How long a build that was tried so often has to rest, in hours: not at all after the first time, then ever longer. */
const REST = [0, 0, 1, 2, 4, 8, 16, 32];
const HOUR = 60 * 60;

/** A job that is entered into the record. */
export interface Job {
  readonly record: OrderedObject;
  /** How often it was tried, this time included. */
  readonly count: number;
  /** It is not its turn yet. */
  readonly skip: boolean;
}

/**
 * The next line of the record for a build that is still not there.
 * @param past the one before, if it was tried before
 * @param identifier what people call the build by
 * @param now in seconds since 1970
 */
export function nextJob(past: OrderedObject | undefined, identifier: string, now: number): Job {
  const record = past ?? fresh();
  const at = createDocumentReader(record, 'jobs');
  const count = at.findNumber('count') ?? 0;
  const rest = (REST[Math.min(count, REST.length - 1)] ?? 0) * HOUR;
  const skip = now < (at.findNumber('lastTime') ?? now) + rest;
  const times = skip ? count : count + 1;
  return {
    record: new Map<string, Ordered>([
      ...record,
      ['identifier', identifier],
      ['skip', skip],
      ['count', new JsonNumber(String(times))],
    ]),
    count: times,
    skip,
  };
}

function fresh(): OrderedObject {
  return new Map<string, Ordered>([
    ['count', new JsonNumber('0')],
    ['skip', false],
  ]);
}

/**
 * Enters into the record what became of its jobs, and when each of them was tried for the first time.
 * @param completed by build id, what is known now: `lastTime`, in seconds since 1970, and `url`
 * @throws {Invalid} subject `jobs`, with a pointer.
 */
export function completeJobs(jobs: JobsRecord, completed: Ordered): JobsRecord {
  const at = createDocumentReader(completed, 'jobs');
  if (!isOrderedObject(completed)) throw at.wrong('want an object of jobs');
  for (const id of completed.keys()) {
    const job = readJob(at, id);
    // Nothing would take the place of what the record has.
    if (job.get('lastTime') === null) throw at.wrong('want a number', id, 'lastTime');
    at.findText(id, 'url');
  }
  const merged = merge(jobs, completed) as JobsRecord;
  return new Map([...merged].map(([id, job]) => [id, withFirstTime(job)]));
}

function withFirstTime(job: OrderedObject): OrderedObject {
  const first = job.get('firstTime');
  return first == null ? new Map([...job, ['firstTime', job.get('lastTime') ?? null]]) : job;
}

/** Objects become one, name by name; of everything else, the second counts. */
function merge(a: Ordered | undefined, b: Ordered): Ordered {
  if (!isOrderedObject(a) || !isOrderedObject(b)) return b;
  return new Map([
    ...a,
    ...[...b].map(([name, value]): [string, Ordered] => [name, merge(a.get(name), value)]),
  ]);
}
