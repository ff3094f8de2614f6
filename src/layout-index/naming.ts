import { annotations, isTag, type Descriptor } from '../oci/index.ts';
import { checkTag } from '../registry/index.ts';
import { isUnnamed, without } from './entries.ts';
import { namesOf, parseNewName, tagAtEnd, type AskedName } from './entry-names.ts';
import type { ImageName } from './image-names.ts';
import { isOneImage } from './resolve.ts';
import { ambiguous } from './unresolved.ts';

/** Names given to entries of an `index.json`, and taken away, so that this and other tools find what they should. */

/** What an entry's two annotations are to say. */
interface Naming {
  readonly image?: string;
  readonly ref: string;
}

/**
 * Checks a name that is to be written.
 * @throws {RegistryError} `TAG_INVALID`, `REFERENCE_INVALID`.
 */
export function checkImageName(name: ImageName): void {
  if ('tag' in name) checkTag(name.tag);
  else parseNewName(name.name);
}

/**
 * Has a name mean a manifest, and nothing else: in the place where the name stood, or in that of the entry by which the
 * manifest is kept without a name, or at the end.
 *
 * Both annotations are written for a full name. Where an entry has its tag alone already, `ref.name` says the name in
 * full, as tools exist that do not look at the other: so no tag ever stands at two images by what is written here. The
 * same becomes of a full name whose tag is given to another image.
 * @param manifest what is to be found, with what else its entry is to say
 * @throws {RegistryError} `TAG_INVALID`, `REFERENCE_INVALID`.
 */
export function withName(
  entries: readonly Descriptor[],
  name: ImageName,
  manifest: Descriptor,
): readonly Descriptor[] {
  return 'tag' in name
    ? withTag(entries, name.tag, manifest)
    : withFullName(entries, parseNewName(name.name), manifest);
}

function withTag(entries: readonly Descriptor[], tag: string, manifest: Descriptor): readonly Descriptor[] {
  checkTag(tag);
  const holders = entries.filter((entry) => entry.annotations?.[annotations.refName] === tag);
  const own = holders.filter((entry) => !namesOf(entry).image);
  const right = holders.find((entry) => entry.digest === manifest.digest);
  if (right !== undefined && holders.length === 1) return entries;
  const lost = new Map<Descriptor, Descriptor | undefined>(
    holders.map((entry) => [entry, entry === right ? entry : inFull(entry)]),
  );
  return placed(entries, lost, right ?? own[0], { ref: tag }, manifest, right);
}

/** An entry with a full name whose tag now means another image; nothing of one that has no more than the tag. */
function inFull(entry: Descriptor): Descriptor | undefined {
  const { image } = namesOf(entry);
  return image ? annotated(entry, { image, ref: image }) : undefined;
}

function withFullName(
  entries: readonly Descriptor[],
  name: AskedName,
  manifest: Descriptor,
): readonly Descriptor[] {
  const { canonical, tag } = name;
  const holders = holdersOf(entries, name);
  const isTaken = entries.some(
    (entry) => entry.annotations?.[annotations.refName] === tag && !namesOf(entry).image,
  );
  const naming = { image: canonical, ref: isTaken ? canonical : tag };
  const right = holders.find((entry) => {
    const { image, ref } = namesOf(entry);
    return entry.digest === manifest.digest && image === naming.image && ref === naming.ref;
  });
  if (right !== undefined && holders.length === 1) return entries;
  const lost = new Map(holders.map((entry) => [entry, entry === right ? entry : undefined]));
  return placed(entries, lost, right ?? holders[0], naming, manifest, right);
}

/** The entries with a full name, in any of its spellings. A word alone as `ref.name` is a tag. */
function holdersOf(entries: readonly Descriptor[], { spellings }: AskedName): readonly Descriptor[] {
  const same = new Set(spellings);
  return entries.filter(({ annotations: said }) => {
    const image = said?.[annotations.imageName];
    if (image) return same.has(image);
    const ref = said?.[annotations.refName];
    return ref !== undefined && same.has(ref) && !isTag(ref);
  });
}

/**
 * @param lost what becomes of entries that had the name; undefined for those that go
 * @param place the entry in whose place the new one is put
 * @param right the entry that says already what is wanted, if there is one
 */
function placed(
  entries: readonly Descriptor[],
  lost: ReadonlyMap<Descriptor, Descriptor | undefined>,
  place: Descriptor | undefined,
  naming: Naming,
  manifest: Descriptor,
  right: Descriptor | undefined,
): readonly Descriptor[] {
  const unnamed =
    right === undefined
      ? entries.find((entry) => entry.digest === manifest.digest && isUnnamed(entry))
      : undefined;
  const at = place ?? unnamed;
  // What its entry says that we do not know, it goes on saying.
  const entry =
    right ?? annotated({ ...unnamed, ...manifest, ...bothAnnotations(unnamed, manifest) }, naming);
  if (at === undefined && lost.size === 0) return [...entries, entry];
  const changed: Descriptor[] = [];
  for (const old of entries) {
    // The manifest has a name now, so that the entry without one goes.
    const left = old === at ? entry : old === unnamed ? undefined : lost.has(old) ? lost.get(old) : old;
    if (left !== undefined) changed.push(left);
  }
  if (at === undefined) changed.push(entry);
  return changed;
}

function bothAnnotations(
  unnamed: Descriptor | undefined,
  manifest: Descriptor,
): Pick<Descriptor, 'annotations'> {
  const both = { ...unnamed?.annotations, ...manifest.annotations };
  return Object.keys(both).length === 0 ? {} : { annotations: both };
}

function annotated(entry: Descriptor, { image, ref }: Naming): Descriptor {
  return {
    ...entry,
    annotations: {
      ...entry.annotations,
      ...(image !== undefined && { [annotations.imageName]: image }),
      [annotations.refName]: ref,
    },
  };
}

/**
 * Takes a name away, with the entries that say it. A tag is that of the entries which say it alone; where there are
 * none, that of the image which it finds by the end of its name.
 * @param place what errors call the place
 * @returns the same list if nothing has the name
 * @throws {RegistryError} `REFERENCE_AMBIGUOUS` where it is the end of several images' names; `TAG_INVALID`, `REFERENCE_INVALID`.
 */
export function withoutNamed(
  entries: readonly Descriptor[],
  name: ImageName,
  place: string,
): readonly Descriptor[] {
  const gone = new Set(
    'tag' in name ? taggedBy(entries, name.tag, place) : holdersOf(entries, parseNewName(name.name)),
  );
  return without(entries, (entry) => gone.has(entry));
}

function taggedBy(entries: readonly Descriptor[], tag: string, place: string): readonly Descriptor[] {
  checkTag(tag);
  const alone = entries.filter((entry) => !namesOf(entry).image && namesOf(entry).ref === tag);
  if (alone.length > 0) return alone;
  const said = entries.filter((entry) => namesOf(entry).ref === tag || namesOf(entry).image === tag);
  const found = said.length > 0 ? said : entries.filter((entry) => endsIn(entry, tag));
  if (isOneImage(found)) return found;
  throw ambiguous(found, { text: tag, tag }, place);
}

function endsIn(entry: Descriptor, tag: string): boolean {
  return Object.values(namesOf(entry)).some(
    (name: string | undefined) => name !== undefined && tagAtEnd(name) === tag,
  );
}
