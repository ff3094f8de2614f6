import { dirname, resolve } from 'node:path';
import { canonicalHost, DOCKER_HUB } from '../oci/index.ts';
import type { Environment, Pace, UndiciOptions } from '../transport/index.ts';
import type { Manners, MirrorEntry, RegistryEntry, SettingsFile, TlsFiles } from './file.ts';
import { entryFor } from './host.ts';
import { hubProxy } from './hub-proxy.ts';
import { createTlsSource, type TlsLayer } from './tls-source.ts';

/**
 * How to talk to a registry, or to a mirror, in the form in which a client of `stowage/client` takes it. Where the
 * registry is, and which mirrors it has, is beside it: `createPlaces({ settings })` of `stowage/place` heeds all of it.
 */
export interface Manner {
  readonly pace: Pace;
  /** With what is set for TLS; proxies are those of the environment. */
  readonly connections: UndiciOptions;
  /** In bytes. */
  readonly chunkSize?: number;
  readonly singlePost?: boolean;
}

/** What is set for a registry, all taken together. */
export interface RegistrySettings extends Manner {
  /** Where it is, if not at its name. */
  readonly url?: URL;
  readonly plainHttp?: boolean;
  readonly allowRealms?: readonly string[];
  /** In the order in which they are asked. */
  readonly mirrors: readonly MirrorSettings[];
}

/** What is set for a mirror of a registry. */
export interface MirrorSettings extends Manner {
  /** Host and path, for events. */
  readonly name: string;
  readonly url: URL;
  readonly fallback: 'missing' | 'unavailable' | 'never';
  /** What it is told with each request. */
  readonly namespace?: string;
  readonly repositoryPrefix?: string;
}

/** The settings of all registries. */
export interface Settings {
  /**
   * What is set for a registry. Files that it names are read when it is connected to.
   * @param host as references name it
   * @throws {RegistryError} `SETTINGS_INVALID` for `$DOCKERHUB_PUBLIC_PROXY`.
   */
  of(host: string): RegistrySettings;
  /** Folders of image layouts, by the names that stand for them in references. */
  readonly stores: Readonly<Record<string, string>>;
}

/** What settings are made of. */
export interface SettingsParts {
  readonly document: SettingsFile;
  /** Where it was read from. */
  readonly file: string | undefined;
  readonly environment: Environment;
  /** Folders with certificates for hosts, the first one first. */
  readonly certificateFolders: readonly string[];
}

type Placed<T> = T & { readonly where: string };

/** Puts together what the file, the environment and the folders of certificates say. */
export function createSettings(parts: SettingsParts): Settings {
  const { document, file, environment, certificateFolders: folders } = parts;
  const { defaults = {}, registries = {}, stores = {} } = document;
  const entries = new Map<string, Placed<RegistryEntry>>(
    Object.entries(registries).map(([key, entry]) => [
      canonicalHost(key),
      { ...entry, where: `${file}: /registries/${key}` },
    ]),
  );

  /** What the file says of whoever answers at an origin, by the host's name. */
  const layersByHost = (origin: string): readonly TlsLayer[] => {
    const entry = entryFor(entries, new URL(origin).host);
    // A registry that is elsewhere has its certificates there, and not at its name.
    const isElsewhere = entry?.url !== undefined && new URL(entry.url).origin !== origin;
    return entry === undefined || isElsewhere ? [] : [{ files: entry, where: entry.where }];
  };

  const manner = (
    own: Manners,
    isOwn: (origin: string) => boolean,
    layer: { readonly files: TlsFiles; readonly where: string } | undefined,
  ): Manner => {
    const { rate, concurrency, idleTimeout, chunkSize, singlePost } = { ...defaults, ...own };
    const tls = createTlsSource({
      file,
      folders,
      layersOf: (origin) => [
        ...(layer !== undefined && isOwn(origin) ? [layer] : []),
        ...layersByHost(origin),
      ],
      defaults: { files: defaults, where: `${file}: /defaults` },
    });
    return {
      pace: { ...(rate !== undefined && { rate }), ...(concurrency !== undefined && { concurrency }) },
      connections: {
        tls,
        environment,
        ...(idleTimeout !== undefined && { idleTimeout: idleTimeout * 1000 }),
      },
      ...(chunkSize !== undefined && { chunkSize }),
      ...(singlePost !== undefined && { singlePost }),
    };
  };

  const mirrorSettings = (mirror: MirrorEntry, host: string, where: string): MirrorSettings => {
    const url = new URL(mirror.url);
    const { fallback = 'missing', namespace, repositoryPrefix } = mirror;
    return {
      ...manner(mirror, (origin) => origin === url.origin, { files: mirror, where }),
      name: url.host + url.pathname.replace(/\/$/, ''),
      url,
      fallback,
      ...(namespace === true && { namespace: host }),
      ...(repositoryPrefix !== undefined && { repositoryPrefix }),
    };
  };

  return {
    stores: Object.fromEntries(
      Object.entries(stores).map(([name, folder]) => [name, resolve(dirname(file ?? '.'), folder)]),
    ),
    of(name) {
      const host = canonicalHost(name);
      const entry = entryFor(entries, host);
      const { plainHttp, allowRealms } = entry ?? {};
      const url = entry?.url === undefined ? undefined : new URL(entry.url);
      const isOwn = (origin: string): boolean =>
        url === undefined ? canonicalHost(new URL(origin).host) === host : origin === url.origin;
      const mirrors = entry?.mirrors ?? (host === DOCKER_HUB ? hubProxy(environment) : []);
      return {
        ...manner(entry ?? {}, isOwn, entry && { files: entry, where: entry.where }),
        ...(url !== undefined && { url }),
        ...(plainHttp !== undefined && { plainHttp }),
        ...(allowRealms !== undefined && { allowRealms }),
        mirrors: mirrors.map((mirror, at) => mirrorSettings(mirror, host, `${entry?.where}/mirrors/${at}`)),
      };
    },
  };
}
