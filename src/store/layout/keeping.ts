import { isUnnamed } from '../../layout-index/index.ts';
import type { Descriptor, Digest } from '../../oci/index.ts';
import { abreast } from './abreast.ts';
import { layoutInvalid } from './failure.ts';
import type { LayoutPlace } from './snapshot.ts';
import type { Step, Trail } from './trail.ts';

/** How many documents are read at a time. */
const ABREAST = 16;

/** What a collection of garbage has to know to tell what stays. */
export interface KeepingParts {
  readonly place: LayoutPlace;
  readonly trail: Trail;
  /** The blobs that are there. */
  readonly blobs: Iterable<Digest>;
  /** Whether a blob is of late: somebody may be about to refer to it, or to what it leads to. */
  isYoung(digest: Digest): Promise<boolean>;
}

/** What stays. */
export interface Kept {
  /** All that is led to, whether it is there or not. */
  readonly digests: ReadonlySet<Digest>;
  /** Of these, what stays only because it, or what leads to it, is of late. */
  readonly young: ReadonlySet<Digest>;
  /** The entries of `index.json` that stay. */
  readonly entries: readonly Descriptor[];
}

/**
 * What stays of a layout: all that the entries lead to, with the manifests whose subject stays, and all that these lead
 * to, in any number of turns. Blobs that are of late stay with what they lead to: tools that take no lock write a manifest
 * before they enter it, and may have found its layers there.
 * @param keepUnnamed whether entries without a name stay for being entries alone
 * @throws {RegistryError} `LAYOUT_INVALID` and others when not all of it can be read; what cannot be read may lead anywhere.
 */
export async function findKept(
  entries: readonly Descriptor[],
  { place, trail, blobs, isYoung }: KeepingParts,
  keepUnnamed: boolean,
): Promise<Kept> {
  const digests = new Set<Digest>();
  const referrers: { readonly step: Step; readonly subject: Digest }[] = [];
  const followAll = async (steps: readonly Step[]): Promise<void> => {
    await follow(steps, trail, digests);
    for (let before = -1; before !== digests.size;) {
      before = digests.size;
      for (const { step, subject } of referrers)
        if (digests.has(subject)) await follow([step], trail, digests);
    }
  };

  const named = keepUnnamed ? entries : entries.filter((entry) => !isUnnamed(entry));
  await follow(named, trail, digests);
  const listed = new Set(entries.map(({ digest }) => digest));
  for (const entry of entries) {
    const leads = await trail.read(entry);
    if (leads === undefined) throw missing(place, entry.digest);
    if (leads.subject !== undefined) referrers.push({ step: entry, subject: leads.subject });
  }
  const strays = [...blobs].filter((digest) => !digests.has(digest) && !listed.has(digest));
  const subjects = abreast(strays, ABREAST, async (digest) => ({
    step: { digest },
    subject: (await trail.read({ digest }))?.subject,
  }));
  for await (const { step, subject } of subjects)
    if (subject !== undefined) referrers.push({ step, subject });
  await followAll([]);

  const led = new Set(digests);
  const rest = [...entries, ...strays.map((digest) => ({ digest }))].filter(
    ({ digest }) => !digests.has(digest),
  );
  const ages = abreast(rest, ABREAST, async (step) => ({ step, isNew: await isYoung(step.digest) }));
  for await (const { step, isNew } of ages) if (isNew) await follow([step], trail, digests);
  if (digests.size > led.size) await followAll([]);
  const young = new Set([...digests].filter((digest) => !led.has(digest)));
  return { digests, young, entries: entries.filter(({ digest }) => digests.has(digest)) };
}

/** Adds all that some documents lead to, breadth first. */
async function follow(first: readonly Step[], trail: Trail, digests: Set<Digest>): Promise<void> {
  for (let steps = first; steps.length > 0;) {
    const next: Step[] = [];
    const fresh = steps.filter(({ digest }) => !digests.has(digest));
    for (const { digest } of fresh) digests.add(digest);
    for (let at = 0; at < fresh.length; at += ABREAST) {
      const found = await Promise.all(fresh.slice(at, at + ABREAST).map((step) => trail.read(step)));
      for (const leads of found) {
        for (const digest of leads?.blobs ?? []) digests.add(digest);
        for (const step of leads?.steps ?? []) next.push(step);
      }
    }
    steps = next;
  }
}

function missing({ repository }: LayoutPlace, digest: Digest): Error {
  return layoutInvalid(
    repository,
    `blobs/${digest.replace(':', '/')}`,
    'index.json names it, and it is missing',
  );
}
