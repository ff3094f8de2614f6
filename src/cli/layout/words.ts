import { stat } from 'node:fs/promises';
import type { ImageName, ImageQuery } from '../../layout-index/index.ts';
import { isTag, parseDigest, printable } from '../../oci/index.ts';
import { failureIn, isLocalReference } from '../../place/index.ts';
import { errorCode, fromInvalid, isRegistryError, RegistryError } from '../../registry/index.ts';
import { singleLayout, type SingleLayout } from '../../store/layout/index.ts';
import type { Context } from '../context.ts';
import { fail } from '../failure.ts';

/**
 * Looks whether a folder is there.
 * @throws {RegistryError} `NAME_UNKNOWN`.
 */
export async function checkFolder(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => undefined);
  if (found?.isDirectory()) return;
  const advice = isLocalReference(directory) ? ': give the folder alone, without scheme and name' : '';
  const problem = found === undefined ? `is not there${advice}` : 'is not a folder';
  throw new RegistryError('NAME_UNKNOWN', `${printable(directory, 1000)} ${problem}`, {
    status: 404,
    reference: directory,
  });
}

/**
 * Opens a layout that has to be there.
 * @throws {RegistryError} `NAME_UNKNOWN`.
 */
export async function openLayout(directory: string): Promise<SingleLayout> {
  await checkFolder(directory);
  return singleLayout(directory);
}

/** Tells what went wrong, and in which folder: every layout calls itself the same. */
export function failIn(context: Context, directory: string, error: unknown): void {
  // What is wrong with a word itself is so in any folder.
  const isOfWord = errorCode(error) === 'REFERENCE_INVALID';
  const isNamed = isRegistryError(error) && error.reference === directory;
  fail(context, isOfWord || isNamed ? error : failureIn(error, printable(directory, 1000)));
}

const DIGEST = /^sha(?:256|512):/;

/**
 * What a word of the command line asks for: a digest, a tag, or a name. Nothing is the only image there is.
 * @throws {RegistryError} `REFERENCE_INVALID`.
 */
export function queryOf(word: string | undefined): ImageQuery {
  if (word === undefined) return {};
  const [before = '', digest] = word.split('@', 2);
  try {
    if (digest !== undefined) return { digest: parseDigest(digest), ...(before !== '' && nameOf(before)) };
    return DIGEST.test(word) ? { digest: parseDigest(word) } : nameOf(word);
  } catch (error) {
    throw fromInvalid(error, 'REFERENCE_INVALID', { reference: word });
  }
}

/**
 * A name that is to be given.
 * @throws {RegistryError} `REFERENCE_INVALID` for a digest, which could be read as the tag of a repository `sha256`.
 */
export function newNameOf(word: string): ImageName {
  if (!DIGEST.test(word)) return nameOf(word);
  const message = `"${printable(word)}" is a digest: images are named by a tag, or by repository and tag`;
  throw new RegistryError('REFERENCE_INVALID', message, { status: 400, reference: word });
}

/** A word is a tag if it can be one: a name has a slash or a colon. */
export function nameOf(word: string): ImageName {
  return isTag(word) ? { tag: word } : { name: word };
}
