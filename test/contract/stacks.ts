import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registryClient, type RegistryClient } from '../../src/client/index.ts';
import { intercept, lazyRegistry, type Registry } from '../../src/registry/index.ts';
import { createHandler, listen, toFetchHandler } from '../../src/server/index.ts';
import { layoutRegistry } from '../../src/store/layout/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { fetchTransport } from '../../src/transport/index.ts';
import {
  cached,
  diskCache,
  memoryCache,
  type CacheEvent,
  type CacheOptions,
} from '../../src/wrap/cache/index.ts';
import { mirrored } from '../../src/wrap/mirror/index.ts';
import { archivesIn } from '../store/archive/archives.ts';

/** A registry for one test, and how to be rid of it. */
export interface Stack {
  readonly registry: Registry;
  close(): Promise<void>;
}

const nothing = async (): Promise<void> => {};

/** Puts a server over a registry, and gives it as a client sees it. */
export async function overHttp(
  inner: Stack,
): Promise<Stack & { readonly registry: RegistryClient; readonly url: string }> {
  const errors: unknown[] = [];
  const server = await listen(createHandler(inner.registry, { onError: (error) => errors.push(error) }));
  const registry = registryClient(server.url);
  return {
    registry,
    url: server.url,
    async close() {
      await registry.close();
      await server.close();
      await inner.close();
      if (errors.length > 0) throw new AggregateError(errors, 'the server answered with 5xx');
    },
  };
}

export const memory = async (): Promise<Stack> => ({ registry: memoryRegistry(), close: nothing });

export async function layout(): Promise<Stack> {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-test-'));
  // That what is acknowledged is on the disk is tested elsewhere; here it would take most of the time.
  return {
    registry: layoutRegistry(folder, { durable: false }),
    close: () => rm(folder, { recursive: true }),
  };
}

/** A folder of archives, one for each repository. */
async function archives(whenWritten: 'go on' | 'commit and reopen'): Promise<Stack> {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-test-'));
  const { registry, close } = archivesIn(folder, { format: 'oci' }, whenWritten);
  return {
    registry,
    async close() {
      await close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The fetch handler, called by the fetch transport: HTTP without a wire. */
async function overFetch(inner: Stack): Promise<Stack> {
  const handle = toFetchHandler(createHandler(inner.registry));
  const transport = fetchTransport(async (url, init) => {
    const response = await handle(new Request(url, init));
    init?.signal?.throwIfAborted();
    return response;
  });
  return { ...inner, registry: registryClient('http://registry.test', { transport }) };
}

/** A cache around a registry; on the disk it is in a folder of its own. */
async function around(
  inner: Stack,
  where: 'memory' | 'disk',
  options: Partial<CacheOptions> = {},
): Promise<Stack> {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-test-'));
  const store = where === 'memory' ? memoryCache() : diskCache(folder);
  // What goes wrong in the store is told, not thrown; here nothing may.
  const problems: string[] = [];
  const onEvent = ({ outcome, reason }: CacheEvent): void => {
    if (outcome === 'error' || outcome === 'corrupt') problems.push(`${outcome}: ${reason}`);
  };
  return {
    registry: cached(inner.registry, store, { namespace: 'registry.test', onEvent, ...options }),
    async close() {
      await store.close();
      await rm(folder, { recursive: true });
      await inner.close();
      if (problems.length > 0) throw new Error(problems.join('\n'));
    },
  };
}

/** Every registry that there is, and every stack of them. */
export const stacks: Readonly<Record<string, () => Promise<Stack>>> = {
  memory,
  'intercept over memory': async () => ({
    ...(await memory()),
    registry: intercept(memoryRegistry(), (operation, next) => next(operation)),
  }),
  'memory, made with the first operation': async () => ({
    ...(await memory()),
    registry: lazyRegistry(async () => memoryRegistry()),
  }),
  'an empty mirror before memory': async () => ({
    ...(await memory()),
    registry: mirrored(memoryRegistry(), [
      { name: 'empty', registry: memoryRegistry(), fallback: 'missing' },
    ]),
  }),
  'a mirror that has everything before memory': async () => {
    const registry = memoryRegistry();
    const mirror = { name: 'twin', registry, fallback: 'never' } as const;
    return { ...(await memory()), registry: mirrored(registry, [mirror]) };
  },
  'memory cache, memory': async () => around(await memory(), 'memory'),
  'disk cache, memory': async () => around(await memory(), 'disk'),
  'memory cache that believes for an hour, memory': async () =>
    around(await memory(), 'memory', { tagLifetime: 3_600_000, negativeLifetime: 3_600_000 }),
  'disk cache of small things, client, server, memory': async () =>
    around(await overHttp(await memory()), 'disk', { contentLimit: 1000 }),
  'client, server, memory cache, client, server, layout': async () =>
    overHttp(await around(await overHttp(await layout()), 'memory')),
  layout,
  archive: () => archives('go on'),
  'archive, committed and opened anew after each manifest': () => archives('commit and reopen'),
  'client, server, archive': async () => overHttp(await archives('go on')),
  'client, server, layout': async () => overHttp(await layout()),
  'client, server, memory': async () => overHttp(await memory()),
  'client, server, client, server, memory': async () => overHttp(await overHttp(await memory())),
  'fetch client, fetch server, memory': async () => overFetch(await memory()),
};
