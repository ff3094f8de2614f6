import type { Bucket } from './bucket.ts';

/** What is measured in less time, or with fewer requests, says nothing of a rate. */
const [SHORTEST, FEWEST] = [500, 8];
/** Nor does what is measured while nobody waits, for more than this share of the time: the server had tokens to spare. */
const IDLENESS = 0.1;
/** Of what was measured so much is used: it may have been a little too much. */
const USED = 0.98;
/** Measurements of one rate are no farther from one another. */
const LIKENESS = 0.15;
/** After so long a time in which nobody asked, the server's bucket is taken to be full. */
const LULL = 1000;
/** Whoever counts at the other end may see requests come so much closer together than they left. */
const BUNCHING = 250;
/** How far ahead of an even pace requests may be, as timers are not exact. */
const SLACK = 20;
/** A rate that is guessed doubles in this time; one that was measured, in that; one that is tried to be raised, in the last. */
const [GUESS_DOUBLES, KEPT_DOUBLES, TRIAL_DOUBLES] = [500, 240_000, 2000];
/** A rate that was measured is tried to be raised when it has held us back for so long; the next time, for twice as long. */
const KEPT = 20_000;

/** How served requests are counted in the course of time: in steps of so long, and so many of them. */
const [STEP, STEPS] = [100, 50];

/** From when the server's bucket was empty, or full at first. */
interface Era {
  readonly since: number;
  /** Of those that were let go in it. */
  served: number;
  /** How long nobody waited. */
  idle: number;
  /** How many had been served at what time, the last few seconds long. */
  readonly course: { readonly at: number; readonly served: number }[];
}

/**
 * A bucket for a server of which no rate is known: bottomless until the server has refused a request with a 429, and
 * from then on as large as the server's seems to be.
 *
 * When a request is refused, the server's bucket is empty; so what is served from one refusal to the next, if
 * there are always some who wait, is what was put in, and that is the rate. What was served before the first tells how
 * much the bucket holds. From the first refusal to the second the rate is a guess: that which was reached until then, with
 * the pause that the server asks for; and it doubles, so that the second comes soon and meets few that are under way.
 *
 * Where measurements do not agree, it is no rate that the server limits, but how many requests are under way, say. Then the
 * bucket is bottomless again, for good.
 */
export function createLearntBucket(): Bucket {
  /** Requests for each millisecond. */
  let rate = Infinity;
  let measured: number | undefined;
  let burst = 1;
  let fullAt = Number.NEGATIVE_INFINITY;
  let era: Era | undefined;
  /** The first one, when it is over. */
  let first: (Era & { readonly until: number }) | undefined;
  let givenUp = false;
  /** Those that were under way together when one of them was refused say nothing more. */
  let round = 0;
  let restsSince: number | undefined;
  /** Those who were refused wait elsewhere. */
  let pausedUntil = Number.NEGATIVE_INFINITY;
  /** For how long requests have been held back by this bucket since the last one was refused. */
  let held = 0;
  let kept = KEPT;

  const readyAt = (): number =>
    rate === Infinity ? Number.NEGATIVE_INFINITY : fullAt - Math.max(SLACK, (burst - 1) / rate);

  const emptyAt = (now: number): void => void (fullAt = now + Math.max(SLACK, (burst - 1) / rate));

  const measure = (now: number, { since, served, idle, course }: Era): number | undefined => {
    const duration = now - since;
    if (duration < SHORTEST || served < FEWEST || idle > duration * IDLENESS) return undefined;
    // What ran over, in a pause, say, was put in as well: from some moment on, there was no more than a full bucket.
    const full = first?.served ?? served;
    const found = course.map((then) =>
      now - then.at < SHORTEST ? 0 : (served - then.served - full) / (now - then.at),
    );
    return Math.max(served / duration, ...found);
  };

  const beginEra = (since: number): void => void (era = { since, served: 0, idle: 0, course: [] });

  const refuse = (now: number, until: number): void => {
    round++;
    held = 0;
    pausedUntil = until;
    if (givenUp || era === undefined) return;
    if (first === undefined) {
      // It may be that it bears nothing just now.
      if (era.served < FEWEST) return beginEra(now);
      first = { ...era, until: now };
      rate = era.served / Math.max(1, until - era.since);
      emptyAt(until);
      return beginEra(now);
    }
    const found = measure(now, era);
    if (found === undefined) {
      // Before anything was measured, all that is known is that it was too much.
      if (measured === undefined && era.served > 0) rate /= 2;
      if (era.idle > (now - era.since) * IDLENESS) beginEra(now);
      return;
    }
    if (measured !== undefined) {
      kept *= 2;
      givenUp = Math.abs(found / measured - 1) > LIKENESS;
    }
    measured = found;
    rate = givenUp ? Infinity : found * USED;
    burst = Math.max(1, first.served - found * (first.until - first.since + BUNCHING));
    emptyAt(givenUp ? Number.NEGATIVE_INFINITY : now + BUNCHING);
    beginEra(now);
  };

  const spend = (now: number): void => {
    const interval = 1 / rate;
    if (now - readyAt() < interval) {
      held += interval;
      if (measured === undefined) rate *= 2 ** (interval / GUESS_DOUBLES);
      else rate *= 2 ** (interval / (held > kept ? TRIAL_DOUBLES : KEPT_DOUBLES));
    }
    fullAt = Math.max(fullAt, now) + interval;
  };

  return {
    readyAt,
    wait: (now, tokens) => Math.max(0, readyAt() - now) + (tokens - 1) / rate,
    take(now) {
      const idle = restsSince === undefined ? 0 : Math.max(0, now - Math.max(restsSince, pausedUntil));
      restsSince = undefined;
      if (era === undefined || (first === undefined && idle > LULL)) beginEra(now);
      else era.idle += idle;
      if (rate !== Infinity) spend(now);
      const [own, sentIn] = [era, round];
      return {
        answered(outcome, at, until) {
          if (outcome === 'limited' && sentIn === round) refuse(at, until);
          if (outcome === 'served' && own !== undefined) note(own, at);
        },
      };
    },
    rest: (now) => void (restsSince ??= now),
  };
}

/** A request of an era was served. */
function note(era: Era, now: number): void {
  era.served++;
  const { since, served, course } = era;
  if (now - (course.at(-1)?.at ?? since) < STEP) return;
  course.push({ at: now, served });
  if (course.length > STEPS) course.shift();
}
