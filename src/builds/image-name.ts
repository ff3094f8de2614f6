import { familiarReference, parseDockerReference } from '../oci/index.ts';
import type { ImageName } from './target.ts';

/**
 * Reads the name of an image as the Docker Official Images write them. Where there is a digest, a tag says nothing more,
 * and is dropped; where there is neither, `latest` is meant.
 * @throws {Invalid} subject `reference`.
 */
export function parseImageName(text: string): ImageName {
  const { tag, ...rest } = parseDockerReference(text);
  const reference = rest.digest === undefined && tag !== undefined ? { ...rest, tag } : rest;
  return { name: familiarReference(reference), reference };
}
