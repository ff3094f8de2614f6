import { isIndexType, type Descriptor, type Digest } from '../oci/index.ts';
import type { AcceptedManifest } from '../registry/index.ts';
import type { EntriesDraft } from './draft.ts';
import { bareEntry, isBare, lostEntries, without, withoutName, withType } from './entries.ts';
import type { ImageName } from './image-names.ts';
import { withName } from './naming.ts';
import { reach } from './reach.ts';

/**
 * Has `index.json` name a pushed manifest: once for each name, or else once, unless something leads to it already.
 * @param draft of a place that has the manifest's bytes
 */
export async function enterManifest(
  draft: EntriesDraft,
  { manifest, descriptor }: AcceptedManifest,
  names: readonly ImageName[],
): Promise<void> {
  const { digest, mediaType } = descriptor;
  // Who waits for its turn may find the manifest deleted by the one before.
  draft.gone.delete(digest);
  const before = draft.entries;
  const { artifactType } = manifest.document;
  const entry: Descriptor = { ...descriptor, ...(artifactType && { artifactType }) };
  // There may be tens of thousands of entries, none of which is looked at more often than it has to be.
  const wasListed = before.some((each) => each.digest === digest);
  if (wasListed) draft.entries = withType(draft.entries, descriptor);
  for (const name of names) draft.entries = withName(draft.entries, name, bareEntry(entry));
  // An entry of its own also where an index leads to it as something else. What has one is not looked for further down.
  const own = draft.entries.findLast((each) => each.digest === digest);
  const known = own ?? (await draft.known()).manifests.get(digest);
  if (known?.mediaType !== mediaType) draft.entries = [...draft.entries, bareEntry(entry)];
  await keepUnnamed(draft, before);
  if (wasListed || isIndexType(mediaType)) await dropRedundant(draft, entry);
}

/**
 * Gives names to a manifest that is there; what its entry says besides, its new ones say as well.
 * @returns its entry without names; undefined if it is not there
 */
export async function nameManifest(
  draft: EntriesDraft,
  digest: Digest,
  names: readonly ImageName[],
): Promise<Descriptor | undefined> {
  const before = draft.entries;
  const entry = before.find((each) => each.digest === digest) ?? (await draft.known()).manifests.get(digest);
  if (entry === undefined || !(await draft.has(digest))) return undefined;
  const manifest = withoutName(entry);
  for (const name of names) draft.entries = withName(draft.entries, name, manifest);
  await keepUnnamed(draft, before);
  return manifest;
}

/** Manifests that lost their last entry are there still, and get one without a name. */
export async function keepUnnamed(draft: EntriesDraft, before: readonly Descriptor[]): Promise<void> {
  if (draft.entries === before) return;
  const lost = lostEntries(before, draft.entries).filter(({ digest }) => !draft.gone.has(digest));
  if (lost.length === 0) return;
  const { manifests } = await draft.known();
  const unreached = lost.filter(({ digest }) => !manifests.has(digest));
  const once = new Map(unreached.map((entry) => [entry.digest, withoutName(entry)]));
  if (once.size > 0) draft.entries = [...draft.entries, ...once.values()];
}

/** Entries without a name go for what is named otherwise by now: the pushed manifest, and those that it leads to. */
async function dropRedundant(draft: EntriesDraft, pushed: Descriptor): Promise<void> {
  const { entries } = draft;
  const isNamed = entries.some((entry) => entry.digest === pushed.digest && !isBare(entry));
  const { manifests: below } = await reach([pushed], draft.read);
  const fewer = without(
    entries,
    (entry) => (entry.digest === pushed.digest ? isNamed : below.has(entry.digest)) && isBare(entry),
  );
  if (fewer === entries) return;
  const { manifests: all } = await draft.known();
  draft.entries = fewer;
  const { manifests: left } = await draft.known();
  // What is reached at the limit of depth only would be lost with its own entry.
  if ([...all.keys()].some((digest) => !left.has(digest))) draft.entries = entries;
}
