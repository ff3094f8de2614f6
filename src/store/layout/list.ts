import { tagsOf } from '../../layout-index/index.ts';
import { checkDigest, type Registry } from '../../registry/index.ts';
import { statBlob } from './blob-file.ts';
import { diskFailure } from './failure.ts';
import type { Repositories } from './repositories.ts';

export function listOperations({
  root,
  find,
  names,
  open,
}: Repositories): Pick<Registry, 'repositories' | 'tags' | 'referrers'> {
  return {
    repositories: ({ after, signal } = {}) =>
      listing(root, names({ ...(after !== undefined && { after }), ...(signal && { signal }) })),
    tags: (name, { after = '', signal } = {}) =>
      listing(
        root,
        (async function* () {
          signal?.throwIfAborted();
          const { entries } = await open(name).index.current();
          for (const tag of [...tagsOf(entries)].sort()) {
            signal?.throwIfAborted();
            if (tag > after) yield tag;
          }
        })(),
      ),
    referrers: (name, digest, { artifactType, signal } = {}) =>
      listing(
        root,
        (async function* () {
          signal?.throwIfAborted();
          checkDigest(digest);
          const repository = find(name);
          const snapshot = await repository?.index.currentOrNone();
          if (repository === undefined || snapshot === undefined) return;
          const all = await repository.referrers.of(digest, snapshot.entries);
          for (const referrer of [...all].sort((a, b) => (a.digest < b.digest ? -1 : 1))) {
            signal?.throwIfAborted();
            if (artifactType !== undefined && referrer.artifactType !== artifactType) continue;
            // Deleted ones that an index still names are known, but not there.
            if ((await statBlob(repository.path, referrer.digest)) !== undefined) yield referrer;
          }
        })(),
      ),
  };
}

/** A list whose failures of the disk are the registry's errors. */
async function* listing<T>(root: string, list: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* list;
  } catch (error) {
    throw diskFailure(error, root);
  }
}
