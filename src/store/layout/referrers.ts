import type { Known } from '../../layout-index/index.ts';
import type { Descriptor, Digest } from '../../oci/index.ts';
import type { Documents } from './documents.ts';
import type { Knowing } from './known.ts';

/** Who refers to what, in one repository. */
export interface Referrers {
  /** Those of a manifest, in no order. */
  of(subject: Digest, entries: readonly Descriptor[]): Promise<readonly Descriptor[]>;
}

/** How many manifests are read at a time. */
const ABREAST = 16;

/**
 * A map from subjects to their referrers. The first question has all manifests read; after that, only those that
 * are new are, whoever pushed them, and none when `index.json` did not change.
 */
export function createReferrers(documents: Documents, knowing: Knowing): Referrers {
  const bySubject = new Map<Digest, Map<Digest, Descriptor>>();
  /** Each manifest that was looked at, with its subject if it has one. */
  const looked = new Map<Digest, Digest | undefined>();
  let upToDate: Known | undefined;
  let working: Promise<void> = Promise.resolve();

  const update = async (known: Known): Promise<void> => {
    if (known === upToDate) return;
    for (const [digest, subject] of looked) {
      if (known.manifests.has(digest)) continue;
      looked.delete(digest);
      if (subject !== undefined) bySubject.get(subject)?.delete(digest);
      if (subject !== undefined && bySubject.get(subject)?.size === 0) bySubject.delete(subject);
    }
    const fresh = [...known.manifests.values()].filter(({ digest }) => !looked.has(digest));
    for (let at = 0; at < fresh.length; at += ABREAST)
      await Promise.all(fresh.slice(at, at + ABREAST).map(look));
    // Those that are missing may come without any change to `index.json`, when an index that is there names them.
    upToDate = fresh.every(({ digest }) => looked.has(digest)) ? known : undefined;
  };
  const look = async (descriptor: Descriptor): Promise<void> => {
    const facts = await documents.read(descriptor);
    // One that is not there, or not whole, may come: it is looked at again.
    if (facts === undefined) return;
    const { referrer } = facts;
    looked.set(descriptor.digest, referrer?.subject);
    if (referrer === undefined) return;
    const others = bySubject.get(referrer.subject) ?? new Map<Digest, Descriptor>();
    bySubject.set(referrer.subject, others.set(descriptor.digest, referrer.descriptor));
  };
  return {
    async of(subject, entries) {
      const known = await knowing(entries);
      const mine = working.then(
        () => update(known),
        () => update(known),
      );
      working = mine;
      await mine;
      return [...(bySubject.get(subject)?.values() ?? [])];
    },
  };
}
