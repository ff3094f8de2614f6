import { createAbortWatch } from '../../src/registry/index.ts';
import type { HeaderFields, Transport, TransportRequest } from '../../src/transport/index.ts';
import { settled } from './clock.ts';

/** A request that waits for its answer. */
export interface Held {
  readonly request: TransportRequest;
  answer(status?: number, headers?: HeaderFields): Promise<void>;
  fail(error: Error): Promise<void>;
}

/** A server that answers when it is told to. */
export interface HoldingServer {
  readonly transport: Transport;
  /** The requests that have come and have no answer yet, first come first. */
  readonly held: readonly Held[];
  /** Their paths. */
  readonly paths: readonly string[];
  /** How many have come, in all. */
  readonly came: number;
  /** Answers the one that has waited longest. */
  answer(status?: number, headers?: HeaderFields): Promise<void>;
  /** Answers all that are there. */
  answerAll(status?: number, headers?: HeaderFields): Promise<void>;
}

export function holdingServer(): HoldingServer {
  const held: Held[] = [];
  const aborts = createAbortWatch<Held>((one, reason) => void one.fail(reason));
  let came = 0;
  const answerFirst: HoldingServer['answer'] = async (...answer) => {
    await settled();
    const [first] = held;
    if (first === undefined) throw new Error('nobody waits for an answer');
    await first.answer(...answer);
  };
  return {
    held,
    get paths() {
      return held.map(({ request }) => request.url.pathname);
    },
    get came() {
      return came;
    },
    transport: (request) =>
      new Promise((resolve, reject) => {
        came++;
        const leave = (): void => {
          held.splice(held.indexOf(one), 1);
          aborts.delete(one, request.signal);
        };
        const one: Held = {
          request,
          async answer(status = 200, headers = {}) {
            leave();
            resolve({ status, headers, url: request.url, body: nothing(), discard: async () => {} });
            await settled();
          },
          async fail(error) {
            leave();
            reject(error);
            await settled();
          },
        };
        held.push(one);
        aborts.add(one, request.signal);
      }),
    answer: answerFirst,
    async answerAll(...answer) {
      await settled();
      for (const one of held.slice()) await one.answer(...answer);
    },
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
