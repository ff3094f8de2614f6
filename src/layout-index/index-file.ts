import {
  Invalid,
  isObject,
  mediaTypes,
  parseDescriptor,
  parseJson,
  type Descriptor,
  type Json,
} from '../oci/index.ts';

/** How large an `index.json` may be, in bytes. */
export const INDEX_LIMIT: number = 64 * 1024 * 1024;
/** How large an `oci-layout` may be, in bytes. */
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
  checkEntries(manifests, 0);
  return {
    fields: { ...fields, manifests: [] },
    entries: manifests as readonly unknown[] as readonly Descriptor[],
  };
}

/**
 * Checks a part of the entries.
 * @param first the number of the first one
 * @throws {Invalid}
 */
export function checkEntries(entries: readonly Json[], first: number): void {
  // Where each stands is only made out for the error: there may be 100,000.
  if (entries.every(isDescriptor)) return;
  entries.forEach((entry, at) => parseDescriptor(entry, `/manifests/${first + at}`));
}

function isDescriptor(entry: Json): boolean {
  try {
    parseDescriptor(entry, '');
    return true;
  } catch (error) {
    if (error instanceof Invalid) return false;
    throw error;
  }
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
