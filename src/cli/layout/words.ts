import { stat } from 'node:fs/promises';
import type { ImageName, ImageQuery } from '../../layout-index/index.ts';
import { isTag, looksLikeDigest, parseDigest, printable } from '../../oci/index.ts';
import { fromInvalid, RegistryError } from '../../registry/index.ts';
import { singleLayout, type SingleLayout } from '../../store/layout/index.ts';

/**
 * Opens a layout that has to be there.
 * @throws {RegistryError} `NAME_UNKNOWN`.
 */
export async function openLayout(directory: string): Promise<SingleLayout> {
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory()) return singleLayout(directory);
  const problem = found === undefined ? 'is not there' : 'is not a folder';
  throw new RegistryError('NAME_UNKNOWN', `${printable(directory, 1000)} ${problem}`, { status: 404 });
}

/** The repository of a layout by itself. */
export const REPOSITORY = 'layout';

/**
 * What a word of the command line asks for: a digest, a tag, or a name. Nothing is the only image there is.
 * @throws {RegistryError} `REFERENCE_INVALID`.
 */
export function queryOf(word: string | undefined): ImageQuery {
  if (word === undefined) return {};
  const [before = '', digest] = word.split('@', 2);
  try {
    if (digest !== undefined) return { digest: parseDigest(digest), ...(before !== '' && nameOf(before)) };
    return looksLikeDigest(word) && /^sha(?:256|512):/.test(word)
      ? { digest: parseDigest(word) }
      : nameOf(word);
  } catch (error) {
    throw fromInvalid(error, 'REFERENCE_INVALID', { reference: word });
  }
}

/** A word is a tag if it can be one: a name has a slash or a colon. */
export function nameOf(word: string): ImageName {
  return isTag(word) ? { tag: word } : { name: word };
}

/** `1 blob`, `2 blobs`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
