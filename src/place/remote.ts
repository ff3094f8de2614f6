import {
  registryClient,
  type AuthorizeOptions,
  type ClientOptions,
  type RegistryClient,
  type Want,
} from '../client/index.ts';
import type { Registry } from '../registry/index.ts';
import type { Manner, MirrorSettings, Settings } from '../settings/index.ts';
import type { Listener, Rate } from '../transport/index.ts';
import { cached, type CacheStore } from '../wrap/cache/index.ts';
import { mirrored } from '../wrap/mirror/index.ts';
import { authorizeReads, type MirrorClient } from './authorize.ts';
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
  /** How many requests may wait for their answer at each registry and mirror, where the settings do not say. */
  readonly concurrency?: number;
  /** How many requests each registry and mirror gets in a time, whatever the settings say. */
  readonly rate?: Rate;
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
  /** As `Places.authorize`. */
  authorize(host: string, wants: readonly Want[], options?: AuthorizeOptions): Promise<void>;
  /** As `Places.rate`. */
  rate(host: string): Rate | undefined;
  close(): Promise<void>;
}

/** How long a mirror may have us wait, in milliseconds. */
const MIRROR_WAIT = 5000;

/** Opens registries as their settings say: a client, behind its mirrors, behind the cache. */
export function createRemotes(options: RemoteOptions): Remotes {
  const { plainHttp = [], settings, cache, onEvent, concurrency, rate, ...common } = options;
  const registries = new Map<string, Registry>();
  const own = new Map<string, RegistryClient>();
  const mirrors = new Map<string, readonly MirrorClient[]>();
  const clients: RegistryClient[] = [];
  const listening = onEvent !== undefined && { onEvent };

  const connect = (target: string | URL, { pace, ...set }: ClientOptions): RegistryClient => {
    const client = registryClient(target, {
      ...common,
      ...set,
      ...listening,
      pace: {
        ...(concurrency !== undefined && { concurrency }),
        ...pace,
        ...(rate !== undefined && { rate }),
      },
    });
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

  const connectMirror = (mirror: MirrorSettings): MirrorClient => ({
    name: mirror.name,
    fallback: mirror.fallback,
    registry: connect(mirror.url, {
      ...manner(mirror),
      // Where another can be asked, it is not worth waiting for this one.
      ...(mirror.fallback !== 'never' && { retries: 1, maxWait: MIRROR_WAIT }),
      ...(mirror.namespace !== undefined && { namespace: mirror.namespace }),
    }),
    ...(mirror.repositoryPrefix !== undefined && { repositoryPrefix: mirror.repositoryPrefix }),
  });

  const mirrorsOf = (host: string): readonly MirrorClient[] => {
    const known = mirrors.get(host) ?? (settings?.of(host).mirrors ?? []).map(connectMirror);
    mirrors.set(host, known);
    return known;
  };

  const build = (host: string): Registry => {
    const client = clientOf(host);
    const before = mirrorsOf(host);
    const behindMirrors = before.length === 0 ? client : mirrored(client, before, { ...listening });
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
    async authorize(host, wants, given = {}) {
      const reads = wants.filter(({ actions }) => actions.every((action) => action === 'pull'));
      const writes = wants.filter((want) => !reads.includes(want));
      await Promise.all([
        authorizeReads(mirrorsOf(host), clientOf(host), reads, given),
        clientOf(host).authorize(writes, given),
      ]);
    },
    rate: (host) => (mirrorsOf(host)[0]?.registry ?? clientOf(host)).rate,
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
