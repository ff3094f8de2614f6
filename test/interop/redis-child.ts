/**
 * A process with a cache in Redis around a client. It does what each line of its input says, and answers with a line:
 * what came, what the cache told, and how long it took.
 */
import { createInterface } from 'node:readline';
import { registryClient } from '../../src/client/index.ts';
import type { Digest } from '../../src/oci/index.ts';
import { isRegistryError } from '../../src/registry/index.ts';
import { cached, redisCache, type CacheEvent } from '../../src/wrap/cache/index.ts';

/** What to do, with the blob of a repository. */
export interface Task {
  readonly task: 'get' | 'delete';
  readonly repository: string;
  readonly digest: Digest;
}

export interface Done {
  /** The blob's text, or the code that the task failed with. */
  readonly result: string;
  readonly told: readonly CacheEvent[];
  /** In milliseconds. */
  readonly duration: number;
}

const [, , redis = '', url = ''] = process.argv;
const told: CacheEvent[] = [];
const store = redisCache({ url: redis });
const registry = cached(registryClient(url), store, { onEvent: (event) => told.push(event) });

async function perform({ task, repository, digest }: Task): Promise<string> {
  try {
    if (task === 'get') return await (await registry.getBlob(repository, digest)).text();
    await registry.deleteBlob(repository, digest);
    return 'deleted';
  } catch (error) {
    return isRegistryError(error) ? error.code : String(error);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const started = performance.now();
  const result = await perform(JSON.parse(line) as Task);
  const done: Done = { result, told: told.splice(0), duration: performance.now() - started };
  process.stdout.write(`${JSON.stringify(done)}\n`);
}
