import { RegistryError } from '../../../registry/index.ts';
import type { Descriptor } from '../../../oci/index.ts';
import type { CachedKind, CachedTag, CacheScope } from '../store.ts';
import { fileNameFor } from '../../../disk/index.ts';

/** What entries hold, by their kind. */
export type Values = Readonly<Record<CachedKind, Descriptor>> & { readonly tags: CachedTag };

/** A small file: what a repository is known to have, by one name. It says itself whose it is, as its path does not. */
export interface Entry extends CacheScope {
  readonly kind: keyof Values;
  /** The digest or tag. */
  readonly name: string;
  readonly value: Values[keyof Values];
}

/** No entry is longer, in bytes. */
export const ENTRY_LIMIT = 8192;

/** An entry as it is written: a line with the sum of the rest, for files that a crash of the machine left half, and JSON. */
export function formatEntry(entry: Entry): string {
  const { namespace, repository, kind, name, value } = entry;
  const text = JSON.stringify({ namespace, repository, kind, name, value });
  return `${fileNameFor(text)}\n${text}\n`;
}

/** Reads an entry. @throws {RegistryError} `BLOB_CORRUPT` for what `formatEntry` did not write. */
export function parseEntry(bytes: Uint8Array): Entry {
  const [sum, text, ...rest] = new TextDecoder().decode(bytes).split('\n');
  if (text === undefined || rest.join('') !== '' || sum !== fileNameFor(text))
    throw new RegistryError('BLOB_CORRUPT', 'an entry of the cache is not as it was written');
  return JSON.parse(text) as Entry;
}
