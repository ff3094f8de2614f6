import type { AuthorizeOptions, RegistryClient, Want } from '../client/index.ts';
import { DOCKER_HUB, familiarReference, isDockerHub, parseDockerName, type Digest } from '../oci/index.ts';
import { fromInvalid, type Options, type Registry } from '../registry/index.ts';
import type { Rate } from '../transport/index.ts';
import { createLocals } from './local.ts';
import {
  formatLocalReference,
  isLocalReference,
  parseLocalReference,
  type LocalReference,
  type Stores,
} from './local-reference.ts';
import { createRemotes, type RemoteOptions } from './remote.ts';
import { ONLY_IMAGE, OWN_REPOSITORY, repositoryOfName } from './repository-names.ts';

/** A reference, and the registry that it leads to. */
export interface Place {
  /** The same one for all references to a host, a folder, or an archive. */
  readonly registry: Registry;
  /**
   * What the registry calls it. In a layout or an archive an image with a full name is in `docker.io/library/alpine`; what is
   * asked for by a tag or a digest is in `layout`; and in `layout/only`, any tag means the only image there is.
   */
  readonly repository: string;
  /** `latest` where the reference has neither tag nor digest. */
  readonly tag?: string;
  /** The digest that the reference has. */
  readonly digest?: Digest;
  /** What to ask the registry for: the digest, or else the tag. */
  readonly reference: string;
  /** Where it is on the disk, if it is in a layout folder or in an archive. */
  readonly local?: LocalReference;
  /** The same place for another digest, as a reference: short for Docker Hub, with a tag only if one was given. */
  nameOf(digest: Digest): string;
}

/** Settings of places. */
export interface PlacesOptions extends RemoteOptions {
  /** Folders of layouts by the names that stand for them: `oci-layout://NAME/IMAGE`. */
  readonly stores?: Stores;
}

/** The one that knows which kind of registry a reference means. */
export interface Places {
  /**
   * Finds the registry of a reference. The same host, folder, or archive gives the same registry.
   * @param text `docker.io/library/alpine:3.20`, `localhost:5000/x:y`, `oci-layout:DIR:TAG`, `oci-layout:DIR::NAME`,
   *   `oci-layout://STORE/NAME`, `oci-archive:FILE:NAME`, `docker-archive:FILE:NAME`, each also with `@DIGEST`
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
  /**
   * Writes the archives anew to which something was pushed. Until then nobody sees it; everywhere else, what is pushed is
   * there at once.
   */
  commit(options?: Options): Promise<void>;
  /** Closes all connections and files. What archives were given since the last `commit` is gone. */
  close(): Promise<void>;
}

/** Makes the one that opens references. Nothing is connected to before it is asked. */
export function createPlaces(options: PlacesOptions = {}): Places {
  const { stores = {}, ...common } = options;
  const remotes = createRemotes(common);
  const locals = createLocals();

  const openLocal = (text: string): Place => {
    const local = parseLocalReference(text, stores);
    return {
      registry: locals.open(local),
      ...imageIn(local),
      local,
      nameOf: (other) => formatLocalReference({ ...local, digest: other }),
    };
  };

  const openRemote = (text: string): Place => {
    // A name says a tag only if one was given: what was filled in is not what the user calls it.
    const name = parseDockerName(text);
    const { host, repository, digest, tag = digest === undefined ? 'latest' : undefined } = name;
    return {
      registry: remotes.open(host),
      repository,
      ...image(tag, digest),
      nameOf: (other) => familiarReference({ ...name, digest: other }),
    };
  };

  return {
    open(text) {
      try {
        return isLocalReference(text) ? openLocal(text) : openRemote(text);
      } catch (error) {
        throw fromInvalid(error, 'REFERENCE_INVALID', { reference: text });
      }
    },
    registry: (host) => remotes.open(named(host)),
    authorize: (host, wants, given) => remotes.authorize(named(host), wants, given),
    rate: (host) => remotes.rate(named(host)),
    client: remotes.client,
    commit: locals.commit,
    async close() {
      await Promise.all([remotes.close(), locals.close()]);
    },
  };
}

/** A host as `open` names it, whichever of its names was said. */
function named(host: string): string {
  return isDockerHub(host) ? DOCKER_HUB : host;
}

/** Which of its images is meant, as the registry of a layout or an archive calls them. */
function imageIn({
  tag,
  name,
  digest,
}: LocalReference): Pick<Place, 'repository' | 'tag' | 'digest' | 'reference'> {
  if (name !== undefined) {
    const { repository, tag: its } = repositoryOfName(name);
    return { repository, ...image(its, digest) };
  }
  if (tag === undefined && digest === undefined)
    return { repository: ONLY_IMAGE, ...image('latest', undefined) };
  return { repository: OWN_REPOSITORY, ...image(tag, digest) };
}

function image(
  tag: string | undefined,
  digest: Digest | undefined,
): Pick<Place, 'tag' | 'digest' | 'reference'> {
  return {
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
    reference: digest ?? tag ?? 'latest',
  };
}
