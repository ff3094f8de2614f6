import { isUnnamed } from '../../layout-index/index.ts';
import type { Descriptor, Digest } from '../../oci/index.ts';
import { abreast } from './abreast.ts';
import { createClosure, type Referring } from './closure.ts';
import { layoutInvalid } from './failure.ts';
import type { LayoutPlace } from './snapshot.ts';
import type { Step, Trail } from './trail.ts';

/** How many blobs are looked at at a time. */
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
  const closure = createClosure(trail);
  const { digests } = closure;
  await closure.add(keepUnnamed ? entries : entries.filter((entry) => !isUnnamed(entry)));

  const referrers: Referring[] = [];
  for (const entry of entries) {
    const leads = await trail.read(entry);
    if (leads === undefined) throw missing(place, entry.digest);
    if (leads.subject !== undefined) referrers.push({ step: entry, subject: leads.subject });
  }
  const listed = new Set(entries.map(({ digest }) => digest));
  const strays = [...blobs].filter((digest) => !digests.has(digest) && !listed.has(digest));
  const subjects = abreast(strays, ABREAST, async (digest) => ({
    step: { digest },
    subject: (await trail.read({ digest }))?.subject,
  }));
  for await (const { step, subject } of subjects)
    if (subject !== undefined) referrers.push({ step, subject });
  await closure.addReferrers(referrers);

  const led = new Set(digests);
  const rest = [...entries, ...strays.map((digest) => ({ digest }))].filter(({ digest }) => !led.has(digest));
  const ages = abreast(rest, ABREAST, async (step) => ({ step, isNew: await isYoung(step.digest) }));
  const late: Step[] = [];
  for await (const { step, isNew } of ages) if (isNew) late.push(step);
  await closure.add(late);
  const young = new Set([...digests].filter((digest) => !led.has(digest)));
  return { digests, young, entries: entries.filter(({ digest }) => digests.has(digest)) };
}

function missing({ repository }: LayoutPlace, digest: Digest): Error {
  return layoutInvalid(
    repository,
    `blobs/${digest.replace(':', '/')}`,
    'index.json names it, and it is missing',
  );
}
