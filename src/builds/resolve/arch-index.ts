import { annotations as keys, type Digest } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { isAttestation, type SynthesizedIndex } from '../../image/index.ts';
import { indexText } from './index-text.ts';
import type { ImageName } from '../sources/target.ts';

/** What an index has for one architecture. */
export interface ArchIndex {
  /** Of the first manifest, which is what builds on it are told apart by. */
  readonly digest: Digest;
  /** The index with what is for the architecture alone, as `jq --tab` formats it. */
  readonly text: string;
}

/**
 * Takes from an index what is for one architecture: an image, and its attestations.
 * @param index as `synthesizeIndex` makes it: each entry says what it is for
 * @returns undefined if there is nothing
 * @throws {RegistryError} `MANIFEST_INVALID` when there are several images: builds have one parent, and have to be
 *   told which one.
 */
export function forArchitecture(
  index: SynthesizedIndex,
  arch: string,
  { name, reference: { repository } }: ImageName,
): ArchIndex | undefined {
  const manifests = index.manifests.filter(({ annotations }) => annotations?.[keys.bashbrewArch] === arch);
  const [first] = manifests;
  if (first === undefined) return undefined;
  const images = manifests.filter((entry) => !isAttestation(entry)).map(({ digest }) => digest);
  if (images.length > 1)
    throw new RegistryError(
      'MANIFEST_INVALID',
      `${name} has ${images.length} images for ${arch}, where there must be one: ${images.join(' and ')}`,
      { repository, detail: images },
    );
  const own = manifests.length === index.manifests.length ? index : { ...index, manifests };
  return { digest: first.digest, text: indexText(own) };
}
