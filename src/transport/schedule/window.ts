/**
 * Who waits for whom. A body that is streamed may be read, while it is sent, from the very server that it is sent
 * to: a blob that is copied from one repository to another. That request holds its slot until the server has
 * taken all of it, and opens another request meanwhile. If both took from the same slots, and the window had shrunk to
 * one, each would wait for the other for ever. So there are two lanes of the same width, one for those who send
 * streams and one for those who only ask.
 */
export type Lane = 'asking' | 'sending';

/** What became of a request: `limited` is a 429, `failed` says nothing about whether there were too many. */
export type Outcome = 'served' | 'limited' | 'failed';

/** The right to wait for one answer. To be freed once. */
export interface Slot {
  free(outcome: Outcome): void;
}

/** How many requests may wait for their answers: fewer when the server complains, then slowly more again. */
export interface ConcurrencyWindow {
  /** How many slots each lane has. */
  readonly width: number;
  /** How many slots a lane has left. */
  room(lane: Lane): number;
  take(lane: Lane): Slot;
}

/**
 * Opens a window to its full width. It halves when a request is limited, and grows by one, up to that width
 * again, when as many requests as it is wide were served.
 */
export function createWindow(widest: number): ConcurrencyWindow {
  const taken: Record<Lane, number> = { asking: 0, sending: 0 };
  let width = widest;
  // Requests that were sent before the window halved had no part in its new width: neither do their answers.
  let round = 0;
  let served = 0;

  const heed = (outcome: Outcome): void => {
    if (outcome === 'limited') {
      width = Math.max(1, Math.floor(width / 2));
      served = 0;
      round++;
    } else if (outcome === 'served' && ++served >= width) {
      width = Math.min(widest, width + 1);
      served = 0;
    }
  };

  return {
    get width() {
      return width;
    },
    room: (lane) => Math.max(0, width - taken[lane]),
    take(lane) {
      taken[lane]++;
      const sentIn = round;
      return {
        free(outcome) {
          taken[lane]--;
          if (sentIn === round) heed(outcome);
        },
      };
    },
  };
}
