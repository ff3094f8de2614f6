import {
  bareEntry,
  isBare,
  lostEntries,
  without,
  withName,
  withoutName,
  withType,
  type ImageName,
} from '../../layout-index/index.ts';
import type { Descriptor } from '../../oci/index.ts';
import type { AcceptedManifest } from '../../registry/index.ts';
import type { Draft } from './holdings.ts';
import type { Manifests } from './manifests.ts';

/** Has the index name a pushed manifest: once for each name, or else once, unless something leads to it already. */
export async function enterManifest(
  draft: Draft,
  manifests: Manifests,
  { manifest, descriptor }: AcceptedManifest,
  names: readonly ImageName[],
): Promise<void> {
  const { digest, mediaType } = descriptor;
  draft.hidden.delete(digest);
  const before = draft.entries;
  const { artifactType } = manifest.document;
  const entry: Descriptor = { ...descriptor, ...(artifactType && { artifactType }) };
  draft.entries = withType(draft.entries, descriptor);
  for (const name of names) draft.entries = withName(draft.entries, name, bareEntry(entry));
  // An entry of its own also where an index leads to it as something else. What has one is not looked for further down.
  const own = draft.entries.find((each) => each.digest === digest);
  const known = own ?? (await draft.known()).manifests.get(digest);
  if (known?.mediaType !== mediaType) draft.entries = [...draft.entries, bareEntry(entry)];
  await keepUnnamed(draft, before);
  await dropRedundant(draft, manifests, entry);
}

/** Manifests that lost their last entry are there still, and get one without a name. */
export async function keepUnnamed(draft: Draft, before: readonly Descriptor[]): Promise<void> {
  if (draft.entries === before) return;
  const lost = lostEntries(before, draft.entries).filter(({ digest }) => !draft.hidden.has(digest));
  if (lost.length === 0) return;
  const { manifests } = await draft.known();
  const unreached = lost.filter(({ digest }) => !manifests.has(digest));
  const once = new Map(unreached.map((entry) => [entry.digest, withoutName(entry)]));
  if (once.size > 0) draft.entries = [...draft.entries, ...once.values()];
}

/** Entries without a name go for what is named otherwise by now: the pushed manifest, and those that it leads to. */
async function dropRedundant(draft: Draft, manifests: Manifests, pushed: Descriptor): Promise<void> {
  const { entries } = draft;
  const isNamed = entries.some((entry) => entry.digest === pushed.digest && !isBare(entry));
  const { manifests: below } = await manifests.reach([pushed], draft.find);
  const fewer = without(
    entries,
    (entry) => isBare(entry) && (entry.digest === pushed.digest ? isNamed : below.has(entry.digest)),
  );
  if (fewer === entries) return;
  const { manifests: all } = await draft.known();
  draft.entries = fewer;
  const { manifests: left } = await draft.known();
  // What is reached at the limit of depth only would be lost with its own entry.
  if ([...all.keys()].some((digest) => !left.has(digest))) draft.entries = entries;
}
