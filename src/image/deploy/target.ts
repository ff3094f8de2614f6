import type { Digest, FullReference } from '../../oci/index.ts';
import type { Registry } from '../../registry/index.ts';
import type { RepositoryPlace } from '../copy/send-blob.ts';

/** A repository, and what this run knows to be in it. */
export interface Target extends RepositoryPlace {
  /** As references name it. */
  readonly host: string;
  /** The manifests that are there with everything below them. */
  readonly whole: Set<Digest>;
  readonly blobs: Set<Digest>;
  /** Something was there before this run, so more of it may be. */
  inhabited: boolean;
}

/** The repositories of a run, each once. */
export type Targets = (reference: FullReference) => Target;

/** @param registryOf gives the same registry for the same host; is asked when one is needed */
export function createTargets(registryOf: (host: string) => Registry): Targets {
  const known = new Map<string, Target>();
  return (reference) => {
    const name = nameOf(reference);
    let target = known.get(name);
    if (target === undefined) {
      const { host, repository } = reference;
      target = {
        host,
        repository,
        get registry() {
          return registryOf(host);
        },
        whole: new Set(),
        blobs: new Set(),
        inhabited: false,
      };
      known.set(name, target);
    }
    return target;
  };
}

/** Host and repository, as one text. */
export function nameOf({ host, repository }: { readonly host: string; readonly repository: string }): string {
  return `${host}/${repository}`;
}
