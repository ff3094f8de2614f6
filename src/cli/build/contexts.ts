import { stat } from 'node:fs/promises';
import type { NamedContext } from '../../buildkit/index.ts';
import { Invalid, parsePlatform, printable } from '../../oci/index.ts';
import { isLocalReference, type Place, type Places } from '../../place/index.ts';
import { isRegistryError, reworded, type Options } from '../../registry/index.ts';
import { lackOf } from '../lack.ts';
import { parsePair } from './fields.ts';
import { isPath } from '../path.ts';
import { platformContexts, type ImageContext } from './platform-contexts.ts';
import { readImage, type ReadImage } from './read-image.ts';
import { isRemote } from './remote.ts';

/**
 * Finds what each `--context` means, and the images for single platforms where an index does not tell them apart.
 * @throws as `resolveContext` does.
 */
export async function resolveContexts(
  places: Places,
  texts: readonly string[],
  options: Options,
): Promise<readonly NamedContext[]> {
  const given = await Promise.all(texts.map((text) => resolveContext(places, text, options)));
  const found = await Promise.all(
    given.map(async (one) => ('image' in one ? platformContexts(one, options) : [one])),
  );
  const isForAll = (_: unknown, at: number): boolean => given[at]?.platform === undefined;
  // The last of a name is taken: what was said of one platform goes before what was found.
  return [...found.filter(isForAll), ...found.filter((one, at) => !isForAll(one, at))].flat();
}

/**
 * Finds what `--context NAME[::PLATFORM]=WHERE` means; images by their digests, so that a wrong name is told of before the
 * build begins.
 *
 * WHERE is, in this order:
 * - a URL of git or HTTP, which the builder gets by itself;
 * - a reference with a scheme: `oci-layout:`, `oci-archive:`, `docker-archive:`, and `docker-image://` before one to a
 *   registry, as buildx has it;
 * - a folder, if it begins like a path, or if there is one of that name: buildx takes all without a scheme for a folder;
 * - a reference to an image in a registry.
 * @throws {Invalid} subject `context`; {RegistryError} what registries fail with.
 */
async function resolveContext(
  places: Places,
  text: string,
  options: Options,
): Promise<NamedContext | ImageContext> {
  const [key, where] = parsePair('context', text);
  const [name, platform] = splitPlatform(key);
  const named = { name, ...(platform !== undefined && { platform: parsePlatform(platform) }) };
  if (where === '') throw new Invalid('context', `--context ${printable(text)}: nothing stands after the =`);
  if (isRemote(where)) return { ...named, source: { url: where } };
  const unsupported = /^(target|input|oci-layout\+blob):/.exec(where)?.[1];
  if (unsupported !== undefined)
    throw new Invalid('context', `--context ${printable(text)}: ${WHY_NOT[unsupported] ?? ''}`);
  const reference = where.replace(/^docker-image:(\/\/)?/, '');
  if (reference === where && !isLocalReference(where)) {
    if (await isFolder(where)) return { ...named, source: { folder: where } };
    if (isPath(where))
      throw new Invalid('context', `--context ${printable(text, 200)}: there is no such folder`);
  }
  const place = places.open(reference);
  const lack = await lackOf(place, reference);
  if (lack !== undefined) throw lack;
  const mayBeFolder = reference === where && !isLocalReference(where);
  return { ...named, image: await imageAt(place, mayBeFolder ? where : undefined, options) };
}

/** What other tools take here, and we do not. */
const WHY_NOT: Readonly<Record<string, string>> = {
  target: 'only buildx bake has other targets; build that one first, and name what it gave',
  input: 'only frontends have inputs',
  'oci-layout+blob': 'a blob by itself is no context; give a folder, or an image',
};

/** Reads an image; who may have meant a folder that is not there is told of that as well. */
async function imageAt(place: Place, folder: string | undefined, options: Options): Promise<ReadImage> {
  try {
    return await readImage(place, options);
  } catch (error) {
    if (folder === undefined || !isRegistryError(error)) throw error;
    throw reworded(error, `${error.message}; nor is there a folder ${printable(folder, 200)}`);
  }
}

/** `alpine::linux/arm64`, with the platform behind the last two colons. */
function splitPlatform(key: string): readonly [name: string, platform: string | undefined] {
  const at = key.lastIndexOf('::');
  return at < 0 ? [key, undefined] : [key.slice(0, at), key.slice(at + 2)];
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
