import { resolve } from 'node:path';
import type { RegistryClient } from '../client/index.ts';
import { formatReference, parseDockerReference, type Digest } from '../oci/index.ts';
import { fromInvalid, type Registry } from '../registry/index.ts';
import { singleLayout } from '../store/layout/index.ts';
import { formatLayoutReference, isLayoutReference, parseLayoutReference } from './layout-reference.ts';
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
  /** The same place for another digest, as a reference. */
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
  /** The client of a registry by itself, for what is asked of no other: logins, tokens. @param host as references name it */
  client(host: string): RegistryClient;
  /** Closes all connections. */
  close(): Promise<void>;
}

/** The repository of a layout folder that stands by itself, which has no name of its own. */
const LAYOUT_REPOSITORY = 'layout';

/** Makes the one that opens references. Nothing is connected to before it is asked. */
export function createPlaces(options: PlacesOptions = {}): Places {
  const remotes = createRemotes(options);
  const layouts = new Map<string, Registry>();

  const openLayout = (text: string): Place => {
    const { directory, tag, digest } = parseLayoutReference(text);
    const path = resolve(directory);
    const registry = layouts.get(path) ?? singleLayout(path, { repository: LAYOUT_REPOSITORY });
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
    const reference = parseDockerReference(text);
    const { host, repository, tag, digest } = reference;
    return place({ registry: remotes.open(host), repository, tag, digest }, (other) =>
      formatReference({ ...reference, digest: other }),
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
    client: remotes.client,
    close: remotes.close,
  };
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
