import { isDigest, isObject, type Descriptor, type Json } from '../../oci/index.ts';
import { must, official, shown, within, type Finding } from './finding.ts';
import type { JsonObject } from './rule-options.ts';

/** A descriptor, if it is good enough to be followed. */
export function descriptorOf(value: Json | undefined): Descriptor | undefined {
  if (!isObject(value)) return undefined;
  const { mediaType, digest, size } = value;
  const usable =
    typeof mediaType === 'string' &&
    typeof digest === 'string' &&
    isDigest(digest) &&
    typeof size === 'number';
  return usable ? (value as unknown as Descriptor) : undefined;
}

/** Whether there are as many bytes as a descriptor says. @param size how many there are */
export function* sizeAgreement(descriptor: Descriptor, size: number, pointer: string): Generator<Finding> {
  if (descriptor.size !== size)
    yield must(within(pointer, 'size'), `says ${descriptor.size}, and there are ${size} bytes`);
}

/** Whether a manifest says the same of itself as the descriptor by which it was found. */
export function* agreement(
  document: JsonObject,
  descriptor: Descriptor,
  pointer: string,
): Generator<Finding> {
  const { mediaType, artifactType } = document;
  if (mediaType !== undefined && mediaType !== descriptor.mediaType)
    yield must(
      within(pointer, 'mediaType'),
      `says ${shown(descriptor.mediaType)}, and the document ${shown(mediaType)}`,
    );
  const said = descriptor.artifactType;
  if ((said ?? null) !== (artifactType ?? null))
    yield official(
      within(pointer, 'artifactType'),
      `says ${shown(said)}, and the document ${shown(artifactType)}`,
    );
}
