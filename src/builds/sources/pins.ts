import { isOrderedObject, type Ordered, createDocumentReader } from '../../json/index.ts';
import { Invalid, isDigest, printable } from '../../oci/index.ts';

/** In names of files, this stands for the colon before the tag, which some file systems do not have. */
const COLON = '___';

/**
 * The digests of images that are not built here, by the names under which they are built on.
 * @param document an object of such names and digests
 * @throws {Invalid} subject `sources`, with a pointer, for what is no digest.
 */
export function readPins(document: Ordered): ReadonlyMap<string, string> {
  const at = createDocumentReader(document, 'sources');
  if (!isOrderedObject(document)) throw at.wrong('want an object of names and digests');
  return new Map(
    [...document.keys()].map((name) => {
      const digest = at.text(name);
      if (!isDigest(digest)) throw at.wrong(`not a digest: ${printable(digest)}`, name);
      return [nameOf(name), digest];
    }),
  );
}

/**
 * One pin, as the Docker Official Images keep them: a file whose path is the image's name.
 * @param path in the folder of pins, with `/` between its parts: `library/alpine___3.20`
 * @throws {Invalid} subject `sources`, for a name without a tag, and for what is no digest.
 * @see https://github.com/docker-library/official-images/tree/master/.external-pins
 */
export function readPin(path: string, content: string): readonly [name: string, digest: string] {
  const name = path.replace(COLON, ':');
  const digest = content.trim();
  if (!name.includes(':')) throw new Invalid('sources', `${printable(path)}: the name has no tag`);
  if (!isDigest(digest))
    throw new Invalid('sources', `${printable(path)}: not a digest: ${printable(digest)}`);
  return [nameOf(name), digest];
}

/** Images of Docker Hub's own library are built on by their short names. */
function nameOf(name: string): string {
  return name.startsWith('library/') ? name.slice('library/'.length) : name;
}
