import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ImageName, ImageQuery } from '../../layout-index/index.ts';
import { isTag, parseDigest, printable } from '../../oci/index.ts';
import { failureIn, isLocalReference } from '../../place/index.ts';
import { errorCode, fromInvalid, isRegistryError, RegistryError, reworded } from '../../registry/index.ts';
import { singleLayout, type SingleLayout } from '../../store/layout/index.ts';
import type { Context } from '../context.ts';
import { fail } from '../failure.ts';
import { lackOfFolder } from '../lack.ts';

/**
 * Looks whether a folder is there.
 * @throws {RegistryError} `NAME_UNKNOWN`.
 */
export async function checkFolder(directory: string): Promise<void> {
  const lack = await lackOfFolder(directory);
  if (lack === undefined) return;
  // References have more than a folder in them: `oci-layout:DIR:TAG`, `DIR:TAG`.
  const [before = ''] = directory.split(':');
  const isMore = isLocalReference(directory) || (before !== directory && existsSync(before));
  throw isMore ? reworded(lack, `${lack.message}; give the folder alone, without scheme and name`) : lack;
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
  const name = printable(directory, 1000);
  // What is wrong with a word itself is so in any folder.
  const isOfWord = errorCode(error) === 'REFERENCE_INVALID';
  const isNamed =
    isRegistryError(error) && [name, resolve(name)].some((path) => beginsWithPath(error.message, path));
  fail(context, isOfWord || isNamed ? error : failureIn(error, name));
}

/** Whether a path, or that of something in it, is the first word of a message: not a word that begins as it does. */
function beginsWithPath(message: string, path: string): boolean {
  return message.startsWith(path) && /^(?::| is |[/\\])/.test(message.slice(path.length));
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
 * A name that is to be given, or to be taken away.
 * @throws {RegistryError} `REFERENCE_INVALID` for a digest, which could be read as the tag of a repository `sha256`.
 */
export function nameOnly(word: string): ImageName {
  if (!DIGEST.test(word)) return nameOf(word);
  const message = `"${printable(word)}" is a digest: images are named by a tag, or by repository and tag`;
  throw new RegistryError('REFERENCE_INVALID', message, { status: 400, reference: word });
}

/** A word is a tag if it can be one: a name has a slash or a colon. */
function nameOf(word: string): ImageName {
  return isTag(word) ? { tag: word } : { name: word };
}
