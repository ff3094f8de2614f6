import { mediaTypes, type Descriptor, type Digest } from '../oci/index.ts';

/** What a registry says of a blob: that it is bytes. Of which type they are, only manifests say. @param size in bytes */
export function blobDescriptor(digest: Digest, size: number): Descriptor {
  return { mediaType: mediaTypes.octetStream, digest, size };
}
