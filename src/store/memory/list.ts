import { checkDigest, type Registry } from '../../registry/index.ts';
import type { TagLists } from './shelf.ts';

/** What there is, in order. Lists are those of the moment in which they are begun. */
export function listOperations(shelves: TagLists): Pick<Registry, 'repositories' | 'tags' | 'referrers'> {
  return {
    async *repositories({ after, signal } = {}) {
      yield* sorted(shelves.names(), after, signal);
    },
    async *tags(repository, { after, signal } = {}) {
      yield* sorted(shelves.existing(repository).tags.keys(), after, signal);
    },
    async *referrers(repository, digest, { artifactType, signal } = {}) {
      const referrers = [...(shelves.find(repository)?.referrers.get(checkDigest(digest))?.values() ?? [])];
      for (const referrer of referrers.sort((a, b) => (a.digest < b.digest ? -1 : 1))) {
        signal?.throwIfAborted();
        if (artifactType === undefined || referrer.artifactType === artifactType) yield referrer;
      }
    },
  };
}

function* sorted(
  names: Iterable<string>,
  after: string | undefined,
  signal: AbortSignal | undefined,
): Generator<string> {
  for (const name of [...names].sort()) {
    signal?.throwIfAborted();
    if (after === undefined || name > after) yield name;
  }
}
