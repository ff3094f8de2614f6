import { tagsOf } from '../../layout-index/index.ts';
import type { Descriptor } from '../../oci/index.ts';
import { checkDigest, checkRepository, type Registry } from '../../registry/index.ts';
import { checkIsOurs } from './find.ts';
import type { Holdings } from './holdings/holdings.ts';

/** What there is, in order. Referrers are looked for among all manifests, each of which is read once. */
export function listOperations(holdings: Holdings): Pick<Registry, 'repositories' | 'tags' | 'referrers'> {
  const { repository, currentOrNone, current } = holdings;
  return {
    async *repositories({ after = '', signal } = {}) {
      signal?.throwIfAborted();
      if (repository > after && (await currentOrNone(signal)) !== undefined) yield repository;
    },
    async *tags(name, { after = '', signal } = {}) {
      signal?.throwIfAborted();
      checkIsOurs(holdings, name);
      const { entries } = await current(signal);
      for (const tag of [...tagsOf(entries)].sort()) {
        signal?.throwIfAborted();
        if (tag > after) yield tag;
      }
    },
    async *referrers(name, digest, { artifactType, signal } = {}) {
      signal?.throwIfAborted();
      checkDigest(digest);
      checkRepository(name);
      const view = name === repository ? await currentOrNone(signal) : undefined;
      if (view === undefined) return;
      const found: Descriptor[] = [];
      for (const manifest of (await view.known()).manifests.values()) {
        signal?.throwIfAborted();
        const referrer = (await view.read(manifest))?.referrer;
        if (referrer?.subject === digest) found.push(referrer.descriptor);
      }
      for (const referrer of found.sort((a, b) => (a.digest < b.digest ? -1 : 1)))
        if (artifactType === undefined || referrer.artifactType === artifactType) yield referrer;
    },
  };
}
