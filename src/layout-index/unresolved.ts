import { isTag, printable, type Descriptor } from '../oci/index.ts';
import { RegistryError } from '../registry/index.ts';
import { differingMiddle, editDistance } from './distance.ts';
import { displayName, tagAtEnd, type AskedName } from './entry-names.ts';
import type { NameIndex } from './name-index.ts';

/** What was asked for, by a name or by a tag; neither for the only image. */
export interface Asked {
  /** The name or tag as it was written. */
  readonly text?: string | undefined;
  readonly name?: AskedName | undefined;
  readonly tag?: string | undefined;
}

/** How many images an error lists. */
const LISTED = 6;
/** How many are compared letter by letter. */
const COMPARED = 200;
/** Names that are longer are not the ones that were meant. */
const LONGEST = 512;

/** The error for what is not there: it says what there is, nearest first. */
export function missing(index: NameIndex, asked: Asked, place: string): RegistryError {
  const what =
    asked.text === undefined ? 'an image to take by itself' : `manifest ${printable(asked.text, 300)}`;
  return new RegistryError(
    'MANIFEST_UNKNOWN',
    `${what} is not in ${printable(place, 260)}${whatThereIs(index, asked)}`,
    {
      status: 404,
      repository: place,
      ...(asked.text !== undefined && { reference: asked.text }),
    },
  );
}

/** The error for what means several images: it lists them with their names, and says how to tell them apart. */
export function ambiguous(candidates: readonly Descriptor[], asked: Asked, place: string): RegistryError {
  const byDigest = new Map<string, Descriptor>();
  for (const entry of candidates) {
    const held = byDigest.get(entry.digest);
    if (held === undefined || displayName(held) === undefined) byDigest.set(entry.digest, entry);
  }
  const listed = [...byDigest.values()].slice(0, LISTED).map((entry) => {
    const name = displayName(entry);
    return `${entry.digest} (${name === undefined ? 'without a name' : printable(name, 300)})`;
  });
  const here = printable(place, 260);
  const begins =
    asked.text === undefined
      ? `there are ${byDigest.size} images in ${here}`
      : `"${printable(asked.text, 300)}" is ambiguous: it means ${byDigest.size} images in ${here}`;
  return new RegistryError(
    'REFERENCE_AMBIGUOUS',
    `${begins}, say which by its full name or digest: ${listed.join(', ')}${andMore(byDigest.size - listed.length)}`,
    {
      status: 409,
      repository: place,
      ...(asked.text !== undefined && { reference: asked.text }),
      detail: [...byDigest.keys()].slice(0, COMPARED),
    },
  );
}

function whatThereIs(index: NameIndex, asked: Asked): string {
  const { entries } = index;
  if (entries.length === 0) return ': there is no image in it';
  const names = nearest(index, asked);
  if (names.length === 0)
    return `: its images (${entries.length}) have no names, only digests such as ${entries[0]?.digest}`;
  const shown = names.slice(0, LISTED).map((name) => printable(name, 300));
  return `: there is ${shown.join(', ')}${names.length > LISTED ? ' and more' : ''}`;
}

function andMore(count: number): string {
  return count > 0 ? ` and ${count} more` : '';
}

/**
 * Names that there are, those first that look most like what was asked for. All are looked at, for what they have in
 * common with it at both ends; the best of them letter by letter.
 */
function nearest({ entries }: NameIndex, asked: Asked): readonly string[] {
  const rough: string[][] = [];
  const seen = new Set<string>();
  for (const entry of entries) {
    const name = displayName(entry);
    if (name === undefined || name.length > LONGEST || seen.has(name)) continue;
    const group = (rough[compare(name, asked, differingMiddle)] ??= []);
    if (group.length === COMPARED) continue;
    group.push(name);
    seen.add(name);
  }
  return rough
    .flat()
    .slice(0, COMPARED)
    .map((name) => ({ name, distance: compare(name, asked, editDistance) }))
    .sort((a, b) => a.distance - b.distance)
    .map(({ name }) => name);
}

/** How far a name is from what was asked for, by a measure of two texts. */
function compare(name: string, { text, name: full, tag }: Asked, measure: typeof editDistance): number {
  if (full !== undefined) {
    // A tag alone may be that of the image which was meant, as little as it says so.
    return isTag(name)
      ? measure(full.tag, name) + 1
      : Math.min(measure(full.canonical, name), measure(text ?? full.canonical, name));
  }
  if (tag === undefined) return 0;
  // A word may have been meant as a short name.
  const last = name.slice(name.lastIndexOf('/') + 1);
  const end = tagAtEnd(last);
  if (end === undefined) return measure(tag, last);
  return Math.min(measure(tag, end), measure(tag, last.slice(0, -end.length - 1)) + 1);
}
