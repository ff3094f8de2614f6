import {
  annotations,
  Invalid,
  isObject,
  isTag,
  mediaTypes,
  parseDescriptor,
  parseJson,
  type Descriptor,
  type Digest,
  type Json,
} from '../oci/index.ts';

/** How large the two files of a layout may be, in bytes. */
export const INDEX_LIMIT: number = 32 * 1024 * 1024;
export const VERSION_LIMIT: number = 64 * 1024;
/** How many entries an `index.json` may have. */
export const ENTRY_LIMIT = 100_000;

/** What an `index.json` says. Fields that we do not know stay in it, and in its entries. */
export interface LayoutIndex {
  readonly fields: { readonly [name: string]: Json };
  readonly entries: readonly Descriptor[];
}

/** The index of a new layout. */
export const EMPTY_INDEX: LayoutIndex = {
  fields: { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] },
  entries: [],
};

/** The `oci-layout` of a new layout. */
export const LAYOUT_VERSION: Uint8Array = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

/**
 * Reads an `index.json`.
 * @throws {Invalid}
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#indexjson-file
 */
export function parseIndex(bytes: Uint8Array): LayoutIndex {
  const fields = parseJson(bytes);
  if (!isObject(fields)) throw new Invalid('manifest', 'want a JSON object', '');
  const { schemaVersion, mediaType, manifests } = fields;
  if (schemaVersion !== 2) throw new Invalid('manifest', 'must be 2', '/schemaVersion');
  if (mediaType !== undefined && mediaType !== mediaTypes.ociIndex) {
    throw new Invalid('manifest', `must be "${mediaTypes.ociIndex}"`, '/mediaType');
  }
  if (!Array.isArray(manifests)) throw new Invalid('manifest', 'want a list of descriptors', '/manifests');
  if (manifests.length > ENTRY_LIMIT) {
    throw new Invalid('manifest', `${manifests.length} entries, more than ${ENTRY_LIMIT}`, '/manifests');
  }
  return { fields, entries: manifests.map((entry: Json, at) => parseDescriptor(entry, `/manifests/${at}`)) };
}

/** Writes an `index.json`: the fields in the order in which they were read. */
export function formatIndex({ fields, entries }: LayoutIndex): Buffer {
  return Buffer.from(JSON.stringify({ ...fields, manifests: entries }));
}

/**
 * Checks an `oci-layout`.
 * @throws {Invalid}
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md#oci-layout-file
 */
export function checkVersion(bytes: Uint8Array): void {
  const document = parseJson(bytes);
  if (!isObject(document)) throw new Invalid('manifest', 'want a JSON object', '');
  if (document['imageLayoutVersion'] !== '1.0.0')
    throw new Invalid('manifest', 'must be "1.0.0"', '/imageLayoutVersion');
}

/** The tag that an entry gives its manifest, if it has one. Names that are no tags, as containerd writes them, are none. */
export function tagOf(entry: Descriptor): string | undefined {
  const name = entry.annotations?.[annotations.refName];
  return name !== undefined && isTag(name) ? name : undefined;
}

/** Where a tag points; or that two entries disagree about it. */
export type TagTarget = Descriptor | 'ambiguous';

/** The tags of an index. */
export function tagsOf(entries: readonly Descriptor[]): ReadonlyMap<string, TagTarget> {
  const tags = new Map<string, TagTarget>();
  for (const entry of entries) {
    const tag = tagOf(entry);
    if (tag === undefined) continue;
    const other = tags.get(tag);
    // The specification does not say which entry wins when a name stands twice, and tools differ: first, last, neither.
    if (other === undefined) tags.set(tag, entry);
    else if (other !== 'ambiguous' && other.digest !== entry.digest) tags.set(tag, 'ambiguous');
  }
  return tags;
}

/** Entries by digest; where there are more than one, the first. */
export function byDigest(entries: readonly Descriptor[]): ReadonlyMap<Digest, Descriptor> {
  const map = new Map<Digest, Descriptor>();
  for (const entry of entries) if (!map.has(entry.digest)) map.set(entry.digest, entry);
  return map;
}
