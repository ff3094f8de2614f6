import { digestOf, mediaTypes, type Descriptor, type Digest, type DigestAlgorithm } from '../../oci/index.ts';
import type { Registry } from '../registry.ts';

/** Text as bytes. */
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Bytes that no two seeds share. @param size in bytes */
export function noise(seed: number, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let state = seed + 1;
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    out[at] = state >>> 24;
  }
  return out;
}

/** The descriptor of some bytes. */
export function describe(
  content: Uint8Array,
  mediaType: string = mediaTypes.octetStream,
  algorithm: DigestAlgorithm = 'sha256',
): Descriptor {
  return { mediaType, digest: digestOf(content, algorithm), size: content.length };
}

/** A digest of nothing that is anywhere. */
export const absent: Digest = digestOf(bytes('this is nowhere'));

/** A manifest as it can be pushed. */
export interface Made {
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
}

/** Writes a document as a manifest. */
export function made(document: object, mediaType: string, algorithm: DigestAlgorithm = 'sha256'): Made {
  // With spaces that no encoder of ours would write: what comes back has to be these bytes.
  const content = bytes(JSON.stringify({ schemaVersion: 2, mediaType, ...document }, null, 3));
  return { bytes: content, descriptor: describe(content, mediaType, algorithm) };
}

/** Pushes some bytes as a blob. */
export async function pushBlob(
  registry: Registry,
  repository: string,
  content: Uint8Array,
  mediaType?: string,
): Promise<Descriptor> {
  const descriptor = describe(content, mediaType);
  await registry.pushBlob(repository, descriptor, content);
  return descriptor;
}

/** What an image is made of, by name. */
export interface ImageParts {
  readonly layers?: readonly string[];
  readonly tags?: readonly string[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly configType?: string;
}

/** Pushes an image whose layers hold the given texts. */
export async function pushImage(
  registry: Registry,
  repository: string,
  parts: ImageParts = {},
): Promise<Made> {
  const { layers = ['a layer'], tags = [], configType = mediaTypes.ociConfig, ...rest } = parts;
  const config = await pushBlob(
    registry,
    repository,
    bytes(JSON.stringify({ architecture: 'amd64', os: 'linux', layers })),
    configType,
  );
  const pushed: Descriptor[] = [];
  for (const layer of layers)
    pushed.push(await pushBlob(registry, repository, bytes(layer), 'application/vnd.oci.image.layer.v1.tar'));
  const image = made({ config, layers: pushed, ...rest }, mediaTypes.ociManifest);
  await registry.pushManifest(repository, image.bytes, { mediaType: image.descriptor.mediaType, tags });
  return image;
}

/** Pushes an index of what is there. */
export async function pushIndex(
  registry: Registry,
  repository: string,
  manifests: readonly Descriptor[],
  tags: readonly string[] = [],
): Promise<Made> {
  const index = made({ manifests }, mediaTypes.ociIndex);
  await registry.pushManifest(repository, index.bytes, { mediaType: index.descriptor.mediaType, tags });
  return index;
}
