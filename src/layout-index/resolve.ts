import { isTag, type Descriptor, type Digest } from '../oci/index.ts';
import { checkDigest, checkTag } from '../registry/index.ts';
import { compatibilities, type Compatibility } from './compatibility.ts';
import { parseAskedName, type AskedName } from './entry-names.ts';
import type { ImageQuery } from './image-names.ts';
import type { NameIndex } from './name-index.ts';
import { ambiguous, missing, type Asked } from './unresolved.ts';

/** What was found: an entry. Or that the digest that was asked for has none: it may be further down all the same. */
export type Resolved = { readonly entry: Descriptor } | { readonly unlisted: Digest };

/** Where and how is looked. */
export interface ResolveIn {
  /** What errors call the place: a repository, or a file. */
  readonly place: string;
  readonly compatibility?: Compatibility | undefined;
}

/**
 * Finds what is asked for among the entries of an `index.json`, by the first of these that finds anything:
 *
 * 1. the digest, whatever name stands beside it;
 * 2. `io.containerd.image.name` as it is written;
 * 3. `org.opencontainers.image.ref.name` as it is written;
 * 4. for a name: either of them in another spelling of the same (`alpine` is `docker.io/library/alpine:latest`);
 * 5. for a tag: either of them that ends in it. A name is never found by an entry with a tag alone, which does not say
 *    of which repository it is;
 * 6. asked for nothing: the only image, or else the one that is called `latest`.
 *
 * Several entries for one digest are one image.
 * @returns `unlisted` for a digest that no entry has; a tag or a name has an entry, or is an error
 * @throws {RegistryError} `MANIFEST_UNKNOWN`, `REFERENCE_AMBIGUOUS`; `REFERENCE_INVALID`, `TAG_INVALID`, `DIGEST_INVALID`.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md
 */
export function resolveImage(index: NameIndex, query: ImageQuery, where: ResolveIn): Resolved {
  const name = query.name === undefined ? undefined : parseAskedName(query.name, query.tag);
  const digest = query.digest ?? name?.digest;
  if (digest !== undefined) {
    const unlisted = checkDigest(digest);
    const [entry] = index.digest(unlisted);
    return entry === undefined ? { unlisted } : { entry };
  }
  if (query.tag !== undefined) checkTag(query.tag);

  const asked: Asked = {
    text: name?.text ?? query.tag,
    name,
    tag: name === undefined ? query.tag : undefined,
  };
  if (where.compatibility !== undefined) {
    const found = compatibilities[where.compatibility](index, asked, where.place);
    if (found !== undefined) return { entry: found };
    throw missing(index, asked, where.place);
  }
  if (name !== undefined) return { entry: one(named(index, name), index, asked, where) };
  if (query.tag === undefined) return { entry: only(index, where) };
  return { entry: one(tagged(index, query.tag), index, asked, where) };
}

/** The entries that a tag finds, at the first level that has any. */
function tagged(index: NameIndex, tag: string): readonly Descriptor[] {
  return first(
    () => index.image(tag),
    () => index.ref(tag),
    () => index.end(tag),
  );
}

/**
 * The entries that a name finds, at the first level that has any. A word alone as `ref.name` is a tag; only where
 * nothing else is found may it have been meant as a name without a tag.
 */
function named(index: NameIndex, { text, spellings }: AskedName): readonly Descriptor[] {
  const full = spellings.filter((spelling) => !isTag(spelling));
  const words = spellings.filter(isTag);
  return first(
    () => index.image(text),
    () => (isTag(text) ? [] : index.ref(text)),
    () => [...new Set([...spellings.flatMap(index.image), ...full.flatMap(index.ref)])],
    () => words.flatMap(index.ref),
  );
}

function first(...levels: readonly (() => readonly Descriptor[])[]): readonly Descriptor[] {
  for (const level of levels) {
    const found = level();
    if (found.length > 0) return found;
  }
  return [];
}

function one(found: readonly Descriptor[], index: NameIndex, asked: Asked, { place }: ResolveIn): Descriptor {
  const [entry] = found;
  if (entry === undefined) throw missing(index, asked, place);
  if (isOneImage(found)) return entry;
  throw ambiguous(found, asked, place);
}

function only(index: NameIndex, where: ResolveIn): Descriptor {
  const { entries } = index;
  const [entry] = entries;
  if (entry !== undefined && isOneImage(entries)) return entry;
  const latest = tagged(index, 'latest');
  if (latest.length > 0) return one(latest, index, { text: undefined }, where);
  if (entry === undefined) throw missing(index, {}, where.place);
  throw ambiguous(entries, {}, where.place);
}

/** Whether entries are all of one digest. */
export function isOneImage(entries: readonly Descriptor[]): boolean {
  const [first] = entries;
  return entries.every(({ digest }) => digest === first?.digest);
}
