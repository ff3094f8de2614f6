import {
  createNameIndex,
  reach,
  type Known,
  type LayoutIndex,
  type NameIndex,
} from '../../../layout-index/index.ts';
import type { Descriptor, Digest } from '../../../oci/index.ts';
import { blobAt, type FindBlob } from '../contents/blob.ts';
import type { Manifests, StoredFacts } from '../contents/manifests.ts';
import type { Base } from './base.ts';
import type { StagedBlobs } from './staged.ts';

/** What there is at one moment: what the archive has, and what was written since. */
export interface View {
  readonly index: LayoutIndex;
  readonly entries: readonly Descriptor[];
  readonly names: NameIndex;
  readonly find: FindBlob;
  /** What a manifest says. Nothing for one that is not there, or is not what its digest says. */
  readonly read: (descriptor: Descriptor) => Promise<StoredFacts | undefined>;
  /** All blobs that are there, in no order. */
  digests(): Iterable<Digest>;
  /** The manifests that the entries lead to. */
  readonly known: () => Promise<Known>;
}

/** Where the blobs of an archive are, written out or not. */
export interface Places {
  readonly file: string;
  readonly staged: StagedBlobs;
  readonly manifests: Manifests;
}

/** Finds a blob where it is: one that was pushed is read from there, also if the archive has it. */
export function finder({ file, staged }: Places, base: Base, hidden: ReadonlySet<Digest>): FindBlob {
  return (digest) => {
    if (hidden.has(digest)) return undefined;
    const place = base.contents.blobs.get(digest);
    return staged.find(digest) ?? (place && blobAt(file, base.bytes, place));
  };
}

/** What there is where these are the entries, and `hidden` was deleted. */
export function createView(
  places: Places,
  base: Base,
  entries: readonly Descriptor[],
  hidden: ReadonlySet<Digest>,
): View {
  const { staged, manifests } = places;
  const find = finder(places, base, hidden);
  const read = (descriptor: Descriptor): Promise<StoredFacts | undefined> => manifests.read(descriptor, find);
  let known: Promise<Known> | undefined;
  let names: NameIndex | undefined;
  return {
    index: { ...base.contents.index, entries },
    entries,
    find,
    read,
    *digests() {
      const all = new Set([...base.contents.blobs.keys(), ...staged.digests()]);
      for (const digest of all) if (!hidden.has(digest)) yield digest;
    },
    get names() {
      return (names ??= createNameIndex(entries));
    },
    known() {
      const mine = (known ??= reach(entries, read).then((found) => {
        // An index that is not there yet may come without any change to the entries.
        if (!found.complete) known = undefined;
        return found;
      }));
      mine.catch(() => (known = undefined));
      return mine;
    },
  };
}
