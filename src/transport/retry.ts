import { askedDelay } from '../protocol/index.ts';
import { watch, type RegistryError, type Watched } from '../registry/index.ts';
import { createBackoff } from './backoff.ts';
import { systemClock, type Clock } from './clock.ts';
import type { Listener, RetryEvent } from './event.ts';
import { afterTries, faultOf, type Fault } from './failure.ts';
import { redactUrl } from './origin.ts';
import { DEFAULT_MAX_WAIT } from './schedule/pause.ts';
import type { Transport, TransportRequest, TransportResponse } from './transport.ts';

/** Settings of retries. */
export interface RetryOptions {
  /** How often a request is sent again at the most. 5 unless told. */
  readonly retries?: number;
  /** How long a request may wait for its repetitions, all together, in milliseconds. 300,000 unless told. */
  readonly maxWait?: number;
  /** Is told of each repetition, before the wait for it. */
  readonly onEvent?: Listener<RetryEvent>;
  readonly clock?: Clock;
}

/** Answers that may be others the next time. All others mean what they say, a 404 and a 401 too. */
const PASSING: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** The least and the longest delay, in milliseconds. */
const [BASE, CAP] = [200, 10_000];
/** Where nobody listens, it is a server that is being restarted, or a wrong port; and of that people want to hear soon. */
const MOST_REFUSALS = 2;

/**
 * Sends requests again that were answered with 408, 429, 500, 502, 503 or 504, or not at all, as long as that may help:
 * at most so often, after delays that grow, spread by chance, and are no shorter than the server asks for. The
 * body has to be one that can be sent again. What its own source throws is no reason to, nor is the caller's signal.
 * @returns the first answer that is not to be tried again, or the last
 * @throws {RegistryError} the last error of the connection, with the number of tries.
 */
export function retry(transport: Transport, options: RetryOptions = {}): Transport {
  const { retries = 5, maxWait = DEFAULT_MAX_WAIT, onEvent = () => {}, clock = systemClock } = options;
  return async (request) => {
    const { method, url, body, signal } = request;
    const most = body === undefined || body.replayable ? retries : 0;
    // Made when they are needed: most requests are answered the first time.
    let made: Delays | undefined;
    const delays = (): Delays => (made ??= createDelays(clock, maxWait));
    let refusals = 0;
    // Whether an earlier try may have done what it asked for, though nobody told us.
    let mayBeDone = false;

    const delayAfterFault = (fault: Fault): number | undefined => {
      if (fault.kind === 'refused') return ++refusals > MOST_REFUSALS ? undefined : delays().short();
      return fault.kind === 'broken' && request.once !== true ? delays().next() : undefined;
    };
    const delayAfterAnswer = ({ status, headers }: TransportResponse): number | undefined => {
      if (!PASSING.has(status) || (request.once === true && status !== 429)) return undefined;
      return delays().next((askedDelay(status, headers) ?? 0) * 1000);
    };
    const pause = async (reason: string, attempt: number, delay: number): Promise<void> => {
      onEvent({ type: 'retry', method, url: redactUrl(url), reason, attempt, delay });
      await clock.sleep(delay, signal);
    };

    for (let tries = 1; ; tries++) {
      const { sent, failure } = watchBody(request);
      let response: TransportResponse;
      try {
        response = await transport(sent);
      } catch (error) {
        const fault = signal?.aborted || failure()?.error === error ? undefined : faultOf(error);
        if (fault === undefined) throw error;
        const delay = tries > most ? undefined : delayAfterFault(fault);
        if (delay === undefined) throw tries === 1 ? error : afterTries(error as RegistryError, tries);
        mayBeDone ||= fault.kind !== 'refused';
        await pause(fault.reason, tries + 1, delay);
        continue;
      }
      const delay = tries > most ? undefined : delayAfterAnswer(response);
      if (delay === undefined) return mayBeDone ? { ...response, repeated: true } : response;
      mayBeDone ||= response.status !== 429;
      // Before the wait: unread, it holds a connection.
      await response.discard();
      await pause(String(response.status), tries + 1, delay);
    }
  };
}

/** The request, and what the source of its body failed with: an error like ours, where that is another registry. */
function watchBody(request: TransportRequest): {
  readonly sent: TransportRequest;
  failure(): Watched['failure'];
} {
  const { body } = request;
  if (body === undefined || body.bytes !== undefined) return { sent: request, failure: () => undefined };
  let watched: Watched | undefined;
  const open = (): AsyncIterable<Uint8Array> => (watched = watch(body.open())).stream;
  return { sent: { ...request, body: { ...body, open } }, failure: () => watched?.failure };
}

/** The delays between the tries of one request, in milliseconds. Undefined: all together would be too long. */
interface Delays {
  /** @param least what the server asked for */
  next(least?: number): number | undefined;
  /** One for what takes no time to be found out. */
  short(): number | undefined;
}

function createDelays(clock: Clock, maxWait: number): Delays {
  const backoff = createBackoff({ base: BASE, cap: CAP }, clock);
  let spent = 0;
  const spend = (delay: number): number | undefined => {
    if (spent + delay > maxWait) return undefined;
    spent += delay;
    return delay;
  };
  return {
    next: (least = 0) => spend(Math.max(backoff.next(), least)),
    short: () => spend(BASE * (1 + clock.random())),
  };
}
