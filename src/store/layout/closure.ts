import type { Digest } from '../../oci/index.ts';
import { abreast } from './abreast.ts';
import type { Step, Trail } from './trail.ts';

/** How many documents are read at a time. */
const ABREAST = 16;

/** A document with a subject. */
export interface Referring {
  readonly step: Step;
  readonly subject: Digest;
}

/** All that some documents lead to. */
export interface Closure {
  /** What is led to so far, the documents themselves with it, whether it is there or not. */
  readonly digests: ReadonlySet<Digest>;
  /** Adds documents, all that they lead to, and the referrers of any of it, as far as they are known. */
  add(steps: readonly Step[]): Promise<void>;
  /** Makes referrers known. They belong to it, with all that they lead to, as soon as their subjects do. */
  addReferrers(referrers: readonly Referring[]): Promise<void>;
}

/**
 * Begins with nothing. Each document is read once, however many lead to it.
 * @param trail what it fails with, adding fails with
 */
export function createClosure(trail: Trail): Closure {
  const digests = new Set<Digest>();
  // Apart from the others: what one manifest has as a layer may be a manifest to another, and leads on then.
  const followed = new Set<Digest>();
  const referrers = new Map<Digest, Step[]>();

  const add = async (steps: readonly Step[]): Promise<void> => {
    for (let level = steps; level.length > 0;) {
      const next: Step[] = [];
      const reach = (digest: Digest): void => {
        if (digests.has(digest)) return;
        digests.add(digest);
        for (const step of referrers.get(digest) ?? []) next.push(step);
      };
      const fresh = level.filter(({ digest }) => !followed.has(digest));
      for (const { digest } of fresh) {
        followed.add(digest);
        reach(digest);
      }
      for await (const leads of abreast(fresh, ABREAST, (step) => trail.read(step))) {
        for (const digest of leads?.blobs ?? []) reach(digest);
        for (const step of leads?.steps ?? []) next.push(step);
      }
      level = next;
    }
  };
  return {
    digests,
    add,
    addReferrers(more) {
      for (const { step, subject } of more) {
        const others = referrers.get(subject);
        if (others === undefined) referrers.set(subject, [step]);
        else others.push(step);
      }
      return add(more.filter(({ subject }) => digests.has(subject)).map(({ step }) => step));
    },
  };
}
