import { enterManifest, type ImageName } from '../../layout-index/index.ts';
import { openable, type AcceptedManifest } from '../../registry/index.ts';
import { statBlob } from './blob-file.ts';
import type { Draft } from './draft.ts';
import type { Repository } from './repository.ts';

/** Has `index.json` name a pushed manifest, whose file is there when it does. */
export async function enterStored(
  { path, shelf, documents }: Repository,
  draft: Draft,
  accepted: AcceptedManifest,
  names: readonly ImageName[],
  bytes: Uint8Array,
): Promise<void> {
  const { digest, size } = accepted.descriptor;
  // Who waits for the lock may find the file deleted by the one who had it.
  if ((await statBlob(path, digest)) === undefined) {
    const file = await shelf.receive(digest, size, openable(bytes).open());
    await shelf.place(file, digest, size, async () => {});
  }
  documents.note(accepted.manifest, accepted.descriptor);
  await enterManifest(draft, accepted, names);
}
