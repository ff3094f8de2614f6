import { annotations, type Descriptor, type Digest } from '../oci/index.ts';
import { namesOf } from './entry-names.ts';

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

/** Whether an entry gives its image no name at all. */
export function isUnnamed(entry: Descriptor): boolean {
  const { image, ref } = namesOf(entry);
  return !image && !ref;
}

/** Takes the name from an entry, and what else names the image, and leaves the rest of what it says. */
export function withoutName(entry: Descriptor): Descriptor {
  const { annotations: all, ...rest } = entry;
  const left = Object.entries(all ?? {}).filter(
    ([key]) => key !== annotations.refName && key !== annotations.imageName,
  );
  return left.length === 0 ? rest : { ...rest, annotations: Object.fromEntries(left) };
}

/** Without the entries for which `drop` is true; the same list if there are none. */
export function without(
  entries: readonly Descriptor[],
  drop: (entry: Descriptor) => boolean,
): readonly Descriptor[] {
  return entries.some(drop) ? entries.filter((entry) => !drop(entry)) : entries;
}

/** Has a manifest's entries say its type, if they say another. */
export function withType(
  entries: readonly Descriptor[],
  { digest, mediaType }: Descriptor,
): readonly Descriptor[] {
  if (entries.every((entry) => entry.digest !== digest || entry.mediaType === mediaType)) return entries;
  return entries.map((entry) => (entry.digest === digest ? { ...entry, mediaType } : entry));
}

/** How many entries two versions have in common at the beginning, and at the end. */
export interface Common {
  readonly first: number;
  readonly last: number;
}

export function commonEntries(before: readonly Descriptor[], after: readonly Descriptor[]): Common {
  const shorter = Math.min(before.length, after.length);
  let first = 0;
  while (first < shorter && before[first] === after[first]) first++;
  let last = 0;
  while (last < shorter - first && before[before.length - 1 - last] === after[after.length - 1 - last])
    last++;
  return { first, last };
}

/** The entries of manifests that had some in one version, and have none in the next. */
export function lostEntries(
  before: readonly Descriptor[],
  after: readonly Descriptor[],
): readonly Descriptor[] {
  const { first, last } = commonEntries(before, after);
  const gone = before.slice(first, before.length - last);
  if (gone.length === 0) return gone;
  const digests = new Set<Digest>(gone.map(({ digest }) => digest));
  for (const { digest } of after) digests.delete(digest);
  return gone.filter(({ digest }) => digests.has(digest));
}
