/**
 * How it is known whether somebody is still at a file: whoever is touches it again and again. That also tells of those in
 * another container, where a pid is another process or none, on another machine, and in this very process. Who stands
 * still for some seconds passes for gone: what is built on this has to bear that.
 */
import { stat, utimes } from 'node:fs/promises';
import type { Clock } from '../transport/index.ts';

/** How often a file is touched, and how often it is looked whether one was, in milliseconds. */
const [BEAT, LOOK] = [500, 100];
/** After so long without a sign nobody is there, in milliseconds. Some disks tell times apart by two seconds only. */
const SILENCE = 3000;
/** What was not touched for so long, in milliseconds, is not watched, as the clocks of machines do not differ by that. */
const LONG_SILENCE = 60_000;

/** Touches a file again and again, as long as it is there and the process lives. @returns what ends that */
export function showLife(path: string): () => Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  const timer = setInterval(() => void (last = touch(path)), BEAT).unref();
  return async () => {
    clearInterval(timer);
    // Else it could come after what says that nobody is there.
    await last;
  };
}

/** Shows that somebody is at a file. @returns whether it is there */
export function touch(path: string): Promise<boolean> {
  return setTime(path, new Date());
}

/** Shows that nobody is at a file any more. */
export async function leave(path: string): Promise<void> {
  await setTime(path, new Date(Date.now() - 2 * LONG_SILENCE));
}

/**
 * The files that nobody is at. If all were touched within the last minute, it takes three seconds to be sure of one; but
 * no longer than it takes to see that somebody is at each.
 * @param options `now`: the time of day, in milliseconds
 * @throws the signal's reason
 */
export async function abandoned(
  paths: readonly string[],
  options: { readonly clock: Clock; readonly now: number; readonly signal: AbortSignal | undefined },
): Promise<readonly string[]> {
  const { clock, now, signal } = options;
  const before = await touchedAt(paths);
  const old = [...before].flatMap(([path, at]) => (Math.abs(now - at) > LONG_SILENCE ? path : []));
  if (old.length > 0) return old;
  let silent = [...before.keys()];
  for (let waited = 0; waited < SILENCE && silent.length > 0; waited += LOOK) {
    await clock.sleep(LOOK, signal);
    const after = await touchedAt(silent);
    silent = silent.filter((path) => after.get(path) === before.get(path));
  }
  return silent;
}

/** When each file was touched last, in milliseconds since 1970, but for those that are not there. */
async function touchedAt(paths: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>();
  for (const path of paths) {
    const facts = await stat(path).catch(() => undefined);
    if (facts !== undefined) times.set(path, facts.mtimeMs);
  }
  return times;
}

async function setTime(path: string, time: Date): Promise<boolean> {
  return utimes(path, time, time).then(
    () => true,
    () => false,
  );
}
