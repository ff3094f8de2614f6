import { familiarReference, formatReference, parseDockerReference, type Reference } from '../../oci/index.ts';
import type { ImageName } from './target.ts';

/**
 * How references are written down: as Docker's users do, `alpine:3.20`, or in full, `docker.io/library/alpine:3.20`.
 * Builds have the short form, and had the full one when sources had their tags in one place.
 * @see https://github.com/docker-library/meta-scripts/pull/27
 */
export type Spelling = 'short' | 'full';

/** Writes a reference down. */
export function spell(reference: Reference, spelling: Spelling): string {
  return spelling === 'short' ? familiarReference(reference) : formatReference(reference);
}

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
