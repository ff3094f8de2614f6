import { abortable } from '../registry/index.ts';
import type { TransportRequest } from '../transport/index.ts';

/**
 * Lets one request find out whether an origin wants to know who we are, while those that come at the same time wait
 * for its outcome: else each of them would be refused first.
 */
export interface FirstAnswer {
  /**
   * Returns at once, but for requests that come while the first is under way.
   * @returns what to call when there is an answer, or will be none
   * @throws the signal's reason
   */
  enter(request: Pick<TransportRequest, 'body' | 'signal'>): Promise<() => void>;
}

/** Makes one for an origin that nobody has asked yet. */
export function createFirstAnswer(): FirstAnswer {
  let met = false;
  let answered = (): void => {};
  let underway: Promise<void> | undefined;
  const leave = (): void => {
    met = true;
    answered();
  };
  return {
    async enter({ body, signal }) {
      if (met) return leave;
      if (underway !== undefined) {
        await abortable(underway, signal);
        return leave;
      }
      // Nobody waits for one with a body: its answer comes when all of that was sent, which may take an hour, or
      // wait in turn for what one of the others reads.
      if (body === undefined) underway = new Promise((resolve) => (answered = resolve));
      return leave;
    },
  };
}
