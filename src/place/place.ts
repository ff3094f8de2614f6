import { resolve } from 'node:path';
import type { AuthorizeOptions, RegistryClient, Want } from '../client/index.ts';
import {
  DOCKER_HUB,
  familiarReference,
  isDockerHub,
  parseDockerName,
  printable,
  type Digest,
} from '../oci/index.ts';
import { fromInvalid, type Registry } from '../registry/index.ts';
import { singleLayout } from '../store/layout/index.ts';
import type { Rate } from '../transport/index.ts';
import { formatLayoutReference, isLayoutReference, parseLayoutReference } from './layout-reference.ts';
import { LAYOUT_REPOSITORY, namedLayout } from './named-layout.ts';
import { createRemotes, type RemoteOptions } from './remote.ts';

/** A reference, and the registry that it leads to. */
export interface Place {
  readonly registry: Registry;
  readonly repository: string;
  /** `latest` where the reference has neither tag nor digest. */
  readonly tag?: string;
  readonly digest?: Digest;
  /** What to ask the registry for: the digest, or else the tag. */
  readonly reference: string;
  /** The same place for another digest, as a reference: short for Docker Hub, with a tag only if one was given. */
  nameOf(digest: Digest): string;
}

/** Settings of places: those of registries over HTTP. Layout folders need none. */
export type PlacesOptions = RemoteOptions;

/** The one that knows which kind of registry a reference means. */
export interface Places {
  /**
   * Finds the registry of a reference. The same host, or folder, gives the same registry.
   * @param text `docker.io/library/alpine:3.20`, `localhost:5000/x:y`, `oci-layout:DIR:TAG`, each also with `@DIGEST`
   * @throws {RegistryError} `REFERENCE_INVALID`.
   */
  open(text: string): Place;
  /** The registry of a host, as `open` gives it. @param host as references name it */
  registry(host: string): Registry;
  /**
   * Gets tokens for many repositories in advance, with few requests, from where they will be needed: for what is only
   * read, a mirror, if the registry has one; else the registry itself.
   * @param host as references name it
   * @throws {RegistryError} as `RegistryClient.authorize`.
   */
  authorize(host: string, wants: readonly Want[], options?: AuthorizeOptions): Promise<void>;
  /**
   * How many requests for what is there a registry gets in a time, or the first of its mirrors, which is asked before
   * it. Undefined: as many as it answers.
   * @param host as references name it
   */
  rate(host: string): Rate | undefined;
  /** The client of a registry by itself, for what is asked of no other: logins, tokens. @param host as references name it */
  client(host: string): RegistryClient;
  /** Closes all connections. */
  close(): Promise<void>;
}

/** Makes the one that opens references. Nothing is connected to before it is asked. */
export function createPlaces(options: PlacesOptions = {}): Places {
  const remotes = createRemotes(options);
  const layouts = new Map<string, Registry>();

  const openLayout = (text: string): Place => {
    const { directory, tag, digest } = parseLayoutReference(text);
    const path = resolve(directory);
    const registry =
      layouts.get(path) ??
      namedLayout(
        singleLayout(path, { repository: LAYOUT_REPOSITORY }),
        printable(formatLayoutReference({ directory }), 1000),
      );
    layouts.set(path, registry);
    return place(
      {
        registry,
        repository: LAYOUT_REPOSITORY,
        tag: tag ?? (digest === undefined ? 'latest' : undefined),
        digest,
      },
      (other) => formatLayoutReference({ directory, ...(tag !== undefined && { tag }), digest: other }),
    );
  };

  const openRemote = (text: string): Place => {
    // A name says a tag only if one was given: what was filled in is not what the user calls it.
    const name = parseDockerName(text);
    const { host, repository, digest, tag = digest === undefined ? 'latest' : undefined } = name;
    return place({ registry: remotes.open(host), repository, tag, digest }, (other) =>
      familiarReference({ ...name, digest: other }),
    );
  };

  return {
    open(text) {
      try {
        return isLayoutReference(text) ? openLayout(text) : openRemote(text);
      } catch (error) {
        throw fromInvalid(error, 'REFERENCE_INVALID', { reference: text });
      }
    },
    registry: (host) => remotes.open(named(host)),
    authorize: (host, wants, given) => remotes.authorize(named(host), wants, given),
    rate: (host) => remotes.rate(named(host)),
    client: remotes.client,
    close: remotes.close,
  };
}

/** A host as `open` names it, whichever of its names was said. */
function named(host: string): string {
  return isDockerHub(host) ? DOCKER_HUB : host;
}

interface PlaceParts {
  readonly registry: Registry;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: Digest | undefined;
}

function place({ registry, repository, tag, digest }: PlaceParts, nameOf: (digest: Digest) => string): Place {
  return {
    registry,
    repository,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
    reference: digest ?? tag ?? 'latest',
    nameOf,
  };
}
