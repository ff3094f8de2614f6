import { registryClient, type ClientOptions, type RegistryClient } from '../client/index.ts';
import type { Registry } from '../registry/index.ts';
import type { Manner, Settings } from '../settings/index.ts';
import type { Listener } from '../transport/index.ts';
import { cached, type CacheStore } from '../wrap/cache/index.ts';
import { mirrored } from '../wrap/mirror/index.ts';
import type { PlaceEvent } from './event.ts';

/** How registries at the other end of HTTP are talked to. */
export interface RemoteOptions extends Omit<
  ClientOptions,
  'plainHttp' | 'namespace' | 'connections' | 'onEvent' | 'pace' | 'chunkSize' | 'singlePost'
> {
  /** Hosts to speak plain HTTP with, with their ports, beside those of loopback addresses. */
  readonly plainHttp?: readonly string[];
  /** What is set for each registry: `loadSettings()` of `stowage/settings`. Nothing, unless told. */
  readonly settings?: Settings;
  /** Where what is read is kept. Nowhere, unless told. */
  readonly cache?: CacheStore;
  /** Is told of every request, wait, retry and token, and of what caches and mirrors did. */
  readonly onEvent?: Listener<PlaceEvent>;
}

/** Registries over HTTP, each opened once. */
export interface Remotes {
  /** The registry of a host, behind its mirrors and the cache. */
  open(host: string): Registry;
  /** The same registry by itself: with neither mirrors nor a cache before it. */
  client(host: string): RegistryClient;
  close(): Promise<void>;
}

/** How long a mirror may have us wait, in milliseconds. */
const MIRROR_WAIT = 5000;

/** Opens registries as their settings say: a client, behind its mirrors, behind the cache. */
export function createRemotes(options: RemoteOptions): Remotes {
  const { plainHttp = [], settings, cache, onEvent, ...common } = options;
  const registries = new Map<string, Registry>();
  const own = new Map<string, RegistryClient>();
  const clients: RegistryClient[] = [];
  const listening = onEvent !== undefined && { onEvent };

  const connect = (target: string | URL, set: ClientOptions): RegistryClient => {
    const client = registryClient(target, { ...common, ...set, ...listening });
    clients.push(client);
    return client;
  };

  const clientOf = (host: string): RegistryClient => {
    const known = own.get(host);
    if (known !== undefined) return known;
    const set = settings?.of(host);
    const allowRealms = [...(common.allowRealms ?? []), ...(set?.allowRealms ?? [])];
    const client = connect(set?.url ?? host, {
      ...manner(set),
      ...(allowRealms.length > 0 && { allowRealms }),
      ...((plainHttp.includes(host) || set?.plainHttp === true) && { plainHttp: true }),
    });
    own.set(host, client);
    return client;
  };

  const build = (host: string): Registry => {
    const client = clientOf(host);
    const mirrors = (settings?.of(host).mirrors ?? []).map((mirror) => ({
      name: mirror.name,
      fallback: mirror.fallback,
      registry: connect(mirror.url, {
        ...manner(mirror),
        // Where another can be asked, it is not worth waiting for this one.
        ...(mirror.fallback !== 'never' && { retries: 1, maxWait: MIRROR_WAIT }),
        ...(mirror.namespace !== undefined && { namespace: mirror.namespace }),
      }),
      ...(mirror.repositoryPrefix !== undefined && { repositoryPrefix: mirror.repositoryPrefix }),
    }));
    const behindMirrors = mirrors.length === 0 ? client : mirrored(client, mirrors, { ...listening });
    // What one registry has says nothing about another with a repository of the same name.
    return cache === undefined
      ? behindMirrors
      : cached(behindMirrors, cache, { namespace: namespaceOf(host, settings), ...listening });
  };

  return {
    open(host) {
      const registry = registries.get(host) ?? build(host);
      registries.set(host, registry);
      return registry;
    },
    client: clientOf,
    async close() {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}

/** By where it is, if that is not at its name: what somebody else said under that name is then no longer believed. */
function namespaceOf(host: string, settings: Settings | undefined): string {
  const url = settings?.of(host).url;
  return url === undefined ? host : `${host} (${url.host}${url.pathname.replace(/\/$/, '')})`;
}

function manner(set: Manner | undefined): ClientOptions {
  if (set === undefined) return {};
  const { pace, connections, chunkSize, singlePost } = set;
  return {
    pace,
    connections,
    ...(chunkSize !== undefined && { chunkSize }),
    ...(singlePost !== undefined && { singlePost }),
  };
}
