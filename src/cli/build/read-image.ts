import type { ImageSource } from '../../buildkit/index.ts';
import type { Digest } from '../../oci/index.ts';
import type { Place } from '../../place/index.ts';
import { contentOfBytes, intercept, type Options, type Registry } from '../../registry/index.ts';

/** An image as it was found, and its manifest, or that of its index. */
export interface ReadImage {
  /** Its registry has the manifest at hand: nobody asks for that again. */
  readonly source: ImageSource;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads the manifest of an image, by which it is known then whatever becomes of its tag.
 * @throws {RegistryError} what the registry fails with.
 */
export async function readImage(
  { registry, repository, reference, tag }: Place,
  options: Options,
): Promise<ReadImage> {
  const content = await registry.getManifest(repository, reference, options);
  const { descriptor } = content;
  const { digest, mediaType } = descriptor;
  const bytes = await content.bytes();
  const withManifest: Registry = intercept(registry, (operation, next) =>
    operation.name === 'getManifest' && isThis(operation, repository, digest)
      ? Promise.resolve(contentOfBytes(bytes, { descriptor, verified: true }))
      : next(operation),
  );
  const source = { registry: withManifest, repository, digest, ...(tag !== undefined && { tag }) };
  return { source, mediaType, bytes };
}

function isThis(
  asked: { readonly repository: string; readonly reference: string },
  repository: string,
  digest: Digest,
): boolean {
  return asked.repository === repository && asked.reference === digest;
}
