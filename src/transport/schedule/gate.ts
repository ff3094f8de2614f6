import { createAbortWatch } from '../../registry/index.ts';
import type { Clock } from '../clock.ts';
import type { TransportRequest } from '../transport.ts';
import { bottomless, createBucket, type Bucket, type Passage } from './bucket.ts';
import { createLearntBucket } from './learnt.ts';
import { createSharedBucket, type Waiters } from './shared-bucket.ts';
import { completePace, type Pace } from './pace.ts';
import { createPause, type PauseOptions } from './pause.ts';
import { createWindow, type Lane, type Slot } from './window.ts';

/** Where requests to one origin wait until they may go. */
export interface Gate {
  /**
   * Waits for a slot, for the end of a pause, and for a token of the bucket. Of those that can go, the first to come
   * goes first.
   * @throws {RegistryError} `TOOMANYREQUESTS`, or `UNAVAILABLE` for a server that said 503, in a pause that is too
   * long to wait for; the signal's reason.
   */
  enter(request: TransportRequest): Promise<Slot>;
  /**
   * Lets nobody go for a while; if that is longer than anybody may wait, all who wait fail at once.
   * @param milliseconds how long the server asked for
   * @param status with which it did
   */
  pause(milliseconds: number, status: number): void;
}

interface Waiting {
  readonly request: TransportRequest;
  readonly lane: Lane;
  /** Who came first has the lower one. */
  readonly serial: number;
  go(slot: Slot): void;
  fail(error: Error): void;
}

/** The least time between two events about the rate, in milliseconds. */
const BETWEEN_RATE_EVENTS = 1000;

/**
 * Builds a gate before an origin. Slots and tokens are given out in the moment in which a request goes, and to nobody
 * before: who waits holds nothing, and can leave without a trace.
 */
export function createGate(origin: string, pace: Pace, options: PauseOptions): Gate {
  const { onEvent, clock } = options;
  const complete = completePace(pace);
  const window = createWindow(complete.concurrency);
  const bucket = createBucketFor(complete, clock, {
    wanted: () => wantedIn('asking') + wantedIn('sending'),
    wake: () => advance(),
    fail: (error) => failAll(() => error),
  });
  const pause = createPause(origin, options);
  const waiting = { asking: new Set<Waiting>(), sending: new Set<Waiting>() };
  let serial = 0;
  let rateToldUntil = Number.NEGATIVE_INFINITY;
  /** Since when the server has had nothing but pauses for us. */
  let fruitlessSince: number | undefined;
  let rest: { readonly until: number; readonly end: AbortController } | undefined;

  /** Lets go who can go, then rests until the next one can. To be called whenever that may have changed. */
  const advance = (): void => {
    for (;;) {
      const first = next();
      const now = clock.now();
      if (first === undefined) {
        if (waiting.asking.size + waiting.sending.size === 0) bucket.rest?.(now);
        return stopResting();
      }
      if (pause.until > now) {
        pause.tell();
        return restUntil(pause.until, now);
      }
      const tokenAt = bucket.readyAt(now);
      if (tokenAt > now) {
        if (bucket.isHeld?.(now) ?? true) tellRate(now);
        return restUntil(tokenAt, now);
      }
      first.go(takeSlot(first.lane, bucket.take(now)));
    }
  };

  /** The first to come, of those for whom there is a slot. */
  const next = (): Waiting | undefined => {
    const [asking] = window.room('asking') > 0 ? waiting.asking : [];
    const [sending] = window.room('sending') > 0 ? waiting.sending : [];
    if (asking === undefined || sending === undefined) return asking ?? sending;
    return asking.serial < sending.serial ? asking : sending;
  };

  const wantedIn = (lane: Lane): number => Math.min(waiting[lane].size, window.room(lane));

  const takeSlot = (lane: Lane, passage: Passage): Slot => {
    const slot = window.take(lane);
    return {
      free(outcome) {
        const now = clock.now();
        if (outcome === 'served') fruitlessSince = undefined;
        passage.answered(outcome, now, Math.max(now, pause.until));
        slot.free(outcome);
        advance();
      },
    };
  };

  const restUntil = (until: number, now: number): void => {
    if (rest?.until === until) return;
    stopResting();
    const end = new AbortController();
    rest = { until, end };
    clock.sleep(until - now, end.signal).then(
      () => {
        rest = undefined;
        advance();
      },
      () => {},
    );
  };

  // A timer that nobody waits for would keep the process from ending.
  const stopResting = (): void => {
    rest?.end.abort();
    rest = undefined;
  };

  /** Of the wait of all who are there now; and again, when that time is over and there are still some. */
  const tellRate = (now: number): void => {
    if (now < rateToldUntil) return;
    const duration = bucket.wait(now, waiting.asking.size + waiting.sending.size);
    rateToldUntil = now + Math.max(duration, BETWEEN_RATE_EVENTS);
    onEvent({ type: 'wait', origin, reason: 'rate', duration });
  };

  const failAll = (errorFor: (request: TransportRequest) => Error): void => {
    for (const one of [...waiting.asking, ...waiting.sending]) one.fail(errorFor(one.request));
    advance();
  };

  const aborts = createAbortWatch<Waiting>((one, reason) => {
    one.fail(reason);
    advance();
  });

  const wait = (request: TransportRequest, lane: Lane): Promise<Slot> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        waiting[lane].delete(one);
        aborts.delete(one, request.signal);
      };
      const one: Waiting = {
        request,
        lane,
        serial: serial++,
        go(slot) {
          leave();
          resolve(slot);
        },
        fail(error) {
          leave();
          reject(error);
        },
      };
      waiting[lane].add(one);
      aborts.add(one, request.signal);
      advance();
    });

  return {
    async enter(request) {
      const { body, signal } = request;
      signal?.throwIfAborted();
      if (pause.isTooLong) throw pause.refusal(request);
      return wait(request, body === undefined || body.bytes !== undefined ? 'asking' : 'sending');
    },
    pause(milliseconds, status) {
      pause.extend(milliseconds, status);
      pause.tell();
      // One pause after the other, with no answer between them, is one that is too long.
      fruitlessSince ??= clock.now();
      if (!pause.isTooLong && pause.until - fruitlessSince <= options.maxWait) return;
      failAll(pause.refusal);
    },
  };
}

function createBucketFor({ rate, limiter }: Pace, clock: Clock, waiters: Waiters): Bucket {
  if (rate === undefined) return createLearntBucket();
  if (rate.requests === Infinity) return bottomless;
  return limiter === undefined ? createBucket(rate) : createSharedBucket(limiter, rate, waiters, clock);
}
