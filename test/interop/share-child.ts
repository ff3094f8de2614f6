/**
 * A process that takes part in a run over Redis. It does what each line of its input says, and answers each with a line,
 * in whatever order they are done.
 */
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { registryClient } from '../../src/client/index.ts';
import { isRegistryError } from '../../src/registry/index.ts';
import { joinRun } from '../../src/share/index.ts';
import type { Rate } from '../../src/transport/index.ts';

/** What to do. */
export type Task =
  /** Ask a registry so often, as fast as the rate allows that all share. */
  | { readonly task: 'ask'; readonly url: string; readonly rate: Rate; readonly count: number }
  /** Find what nobody has found yet of so many keys, each in so many milliseconds, or fail. */
  | { readonly task: 'find'; readonly keys: number; readonly duration: number; readonly fail?: boolean }
  /** Take so many units of work, one after the other. */
  | { readonly task: 'take'; readonly times: number };

export interface Done {
  /** How often this process asked, found, or got what. */
  readonly done: readonly (string | number)[];
  /** What `once` gave, by key; or what the task failed with. */
  readonly values?: readonly string[];
  readonly error?: string;
}

const [, , redis = '', name = ''] = process.argv;
const run = await joinRun({ redis, name });

async function perform(task: Task): Promise<Done> {
  switch (task.task) {
    case 'ask': {
      const statuses: number[] = [];
      const client = registryClient(task.url, {
        pace: { rate: task.rate, concurrency: 256 },
        limiter: run.limiter,
        onEvent: (event) => {
          if (event.type === 'request') statuses.push(event.status ?? 0);
        },
      });
      await Promise.all(Array.from({ length: task.count }, () => client.ping()));
      await client.close();
      return { done: statuses };
    }
    case 'find': {
      const done: string[] = [];
      const find = async (key: string): Promise<string> => {
        done.push(key);
        console.log(JSON.stringify({ finding: key }));
        await sleep(task.duration);
        if (task.fail) throw new Error(`${key} was not found`);
        // Long enough to be compressed.
        return `${key} by ${process.pid} ${'.'.repeat(2000)}`;
      };
      const keys = Array.from({ length: task.keys }, (_, at) => `key ${at}`);
      const values = await Promise.all(keys.map((key) => run.ledger.once(key, () => find(key))));
      return { done, values };
    }
    case 'take': {
      const done: number[] = [];
      for (let time = 0; time < task.times; time++) {
        const first = await run.ledger.next(3);
        done.push(first, first + 1, first + 2);
      }
      return { done };
    }
  }
}

console.log(JSON.stringify({ joined: process.pid }));
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'leave') {
    run.close();
    process.stdin.destroy();
    break;
  }
  const failed = (error: unknown): Done => ({
    done: [],
    error: isRegistryError(error) ? `${error.code}: ${error.message}` : String(error),
  });
  perform(JSON.parse(line) as Task).then(
    (done) => console.log(JSON.stringify(done)),
    (error: unknown) => console.log(JSON.stringify(failed(error))),
  );
}
