import { annotations, type Descriptor, type Digest } from '../oci/index.ts';
import { tagOf } from './index-file.ts';

/** Changes to the entries of an `index.json`. None changes an entry that it is given; what stays as it is, stays the same object. */

/** The entry by which a manifest is kept that has no tag, and that nothing else leads to. */
export function bareEntry({ mediaType, digest, size, artifactType }: Descriptor): Descriptor {
  return { mediaType, digest, size, ...(artifactType && { artifactType }) };
}

const BARE: ReadonlySet<string> = new Set(['mediaType', 'digest', 'size', 'artifactType']);

/** Whether an entry says nothing that is lost with it when something else leads to its manifest. */
export function isBare(entry: Descriptor): boolean {
  return Object.keys(entry).every((name) => BARE.has(name));
}

/** Points a tag at a manifest: in the place where it stood, if it did. */
export function withTag(
  entries: readonly Descriptor[],
  tag: string,
  manifest: Descriptor,
): readonly Descriptor[] {
  const mine = entries.filter((entry) => tagOf(entry) === tag);
  const [first] = mine;
  if (mine.length === 1 && first?.digest === manifest.digest && first.mediaType === manifest.mediaType)
    return entries;
  const tagged: Descriptor = { ...bareEntry(manifest), annotations: { [annotations.refName]: tag } };
  if (first === undefined) return [...entries, tagged];
  return entries.flatMap((entry) => (entry === first ? [tagged] : tagOf(entry) === tag ? [] : [entry]));
}

/** Takes the name from an entry, and what else names the image, and leaves the rest of what it says. */
export function withoutName(entry: Descriptor): Descriptor {
  const { annotations: all, ...rest } = entry;
  const left = Object.entries(all ?? {}).filter(
    ([key]) => key !== annotations.refName && key !== CONTAINERD_NAME,
  );
  return left.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(left) };
}

/** The full name by which containerd, and BuildKit, import an entry. */
const CONTAINERD_NAME = 'io.containerd.image.name';

/** Without the entries for which `drop` is true; the same list if there are none. */
export function without(
  entries: readonly Descriptor[],
  drop: (entry: Descriptor) => boolean,
): readonly Descriptor[] {
  const left = entries.filter((entry) => !drop(entry));
  return left.length === entries.length ? entries : left;
}

/** Has a manifest's entries say its type, if they say another. */
export function withType(
  entries: readonly Descriptor[],
  { digest, mediaType }: Descriptor,
): readonly Descriptor[] {
  if (entries.every((entry) => entry.digest !== digest || entry.mediaType === mediaType)) return entries;
  return entries.map((entry) => (entry.digest === digest ? { ...entry, mediaType } : entry));
}

/** The digests of some entries, each once. */
export function digestsOf(entries: readonly Descriptor[]): ReadonlySet<Digest> {
  return new Set(entries.map(({ digest }) => digest));
}
