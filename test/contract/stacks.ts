import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registryClient, type RegistryClient } from '../../src/client/index.ts';
import { intercept, type Registry } from '../../src/registry/index.ts';
import { createHandler, listen, toFetchHandler } from '../../src/server/index.ts';
import { layoutRegistry } from '../../src/store/layout/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { fetchTransport } from '../../src/transport/index.ts';

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

/** Every registry that there is, and every stack of them. */
export const stacks: Readonly<Record<string, () => Promise<Stack>>> = {
  memory,
  'intercept over memory': async () => ({
    ...(await memory()),
    registry: intercept(memoryRegistry(), (operation, next) => next(operation)),
  }),
  layout,
  'client, server, layout': async () => overHttp(await layout()),
  'client, server, memory': async () => overHttp(await memory()),
  'client, server, client, server, memory': async () => overHttp(await overHttp(await memory())),
  'fetch client, fetch server, memory': async () => overFetch(await memory()),
};
