import { isIndexType, type Descriptor } from '../../oci/index.ts';
import { openable, type AcceptedManifest } from '../../registry/index.ts';
import { statBlob } from './blob-file.ts';
import type { Draft } from './changes.ts';
import {
  bareEntry,
  isBare,
  lostEntries,
  without,
  withoutName,
  withName,
  withType,
  type ImageName,
} from '../../layout-index/index.ts';
import { reach } from './known.ts';
import type { Repository } from './repository.ts';

/** Has `index.json` name a pushed manifest: once for each name, or else once, unless something leads to it already. */
export async function enterManifest(
  repository: Repository,
  draft: Draft,
  { manifest, descriptor }: AcceptedManifest,
  names: readonly ImageName[],
  bytes: Uint8Array,
): Promise<void> {
  const { path, shelf, documents } = repository;
  const { digest, mediaType, size } = descriptor;
  // Who waits for the lock may find the manifest deleted by the one who had it.
  draft.removed.delete(digest);
  if ((await statBlob(path, digest)) === undefined) {
    await shelf.place(
      await shelf.receive(digest, size, openable(bytes).open()),
      digest,
      size,
      async () => {},
    );
  }
  documents.note(manifest, descriptor);

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
  if (wasListed || isIndexType(mediaType)) await dropRedundant(repository, draft, entry);
}

/** Manifests that lost their last entry are there still, and get one without a name. */
export async function keepUnnamed(draft: Draft, before: readonly Descriptor[]): Promise<void> {
  if (draft.entries === before) return;
  const lost = lostEntries(before, draft.entries).filter(({ digest }) => !draft.removed.has(digest));
  if (lost.length === 0) return;
  const { manifests } = await draft.known();
  const unreached = new Map(
    lost.filter(({ digest }) => !manifests.has(digest)).map((entry) => [entry.digest, entry]),
  );
  if (unreached.size > 0) draft.entries = [...draft.entries, ...[...unreached.values()].map(withoutName)];
}

/** Entries without a name go for what is named otherwise by now: the pushed manifest, and those that it leads to. */
async function dropRedundant({ documents }: Repository, draft: Draft, pushed: Descriptor): Promise<void> {
  const { entries } = draft;
  const named = entries.some((entry) => entry.digest === pushed.digest && !isBare(entry));
  const { manifests: below } = await reach([pushed], documents);
  const fewer = without(
    entries,
    (entry) => (entry.digest === pushed.digest ? named : below.has(entry.digest)) && isBare(entry),
  );
  if (fewer === entries) return;
  const { manifests: all } = await draft.known();
  draft.entries = fewer;
  const { manifests: left } = await draft.known();
  // What is reached at the limit of depth only would be lost with its own entry.
  if ([...all.keys()].some((digest) => !left.has(digest))) draft.entries = entries;
}
