import { annotations, digestOf, mediaTypes, type Descriptor, type Digest } from '../../../src/oci/index.ts';
import type { PushedManifest, Registry } from '../../../src/registry/index.ts';

/** Some bytes, and what they are called. */
export interface Piece {
  readonly bytes: Buffer;
  readonly descriptor: Descriptor;
}

export function piece(content: string | Uint8Array, mediaType: string = mediaTypes.octetStream): Piece {
  const bytes = Buffer.from(content);
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}

export const config: Piece = piece('{"architecture":"amd64","os":"linux"}', mediaTypes.ociConfig);

/** An image without layers; `name` makes it another one. */
export function image(name: string, more: Readonly<Record<string, unknown>> = {}): Piece {
  const { ociManifest: mediaType } = mediaTypes;
  const document = {
    schemaVersion: 2,
    mediaType,
    config: config.descriptor,
    layers: [],
    annotations: { name },
    ...more,
  };
  return piece(JSON.stringify(document), mediaType);
}

export function index(children: readonly Piece[], more: Readonly<Record<string, unknown>> = {}): Piece {
  const { ociIndex: mediaType } = mediaTypes;
  const manifests = children.map(({ descriptor }) => descriptor);
  return piece(JSON.stringify({ schemaVersion: 2, mediaType, manifests, ...more }), mediaType);
}

/** Pushes a manifest; images need `pushBlob(config)` before. */
export function push(
  registry: Registry,
  name: string,
  { bytes, descriptor }: Piece,
  ...tags: string[]
): Promise<PushedManifest> {
  const { mediaType, digest } = descriptor;
  return registry.pushManifest(name, bytes, { mediaType, tags, digest });
}

export function pushBlob(
  registry: Registry,
  name: string,
  { bytes, descriptor }: Piece,
): Promise<Descriptor> {
  return registry.pushBlob(name, descriptor, bytes);
}

/** An entry of `index.json`, as this store writes it. */
export function entry({ descriptor }: Piece, tag?: string): Record<string, unknown> {
  return { ...descriptor, ...(tag !== undefined && { annotations: { [annotations.refName]: tag } }) };
}

export async function all<T>(list: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of list) found.push(one);
  return found;
}

export function pathOf(digest: Digest): string {
  return `blobs/${digest.replace(':', '/')}`;
}
