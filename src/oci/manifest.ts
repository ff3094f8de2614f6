import type { Annotations } from './annotation.ts';
import { checkAnnotations, parseDescriptor, type Descriptor } from './descriptor.ts';
import { Invalid, printable } from './invalid.ts';
import { isObject, parseJson, type Json } from './json.ts';
import { isImageType, isIndexType, isMediaType } from './mediatype.ts';
import { checkSpelling, decisiveNames } from './spelling.ts';

/** What all manifests may carry. */
export interface ManifestFields {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly artifactType?: string;
  /** The manifest that this one refers to: it is a referrer of it. */
  readonly subject?: Descriptor;
  readonly annotations?: Annotations;
}

/** One image, or an artifact in an image's form. @see https://github.com/opencontainers/image-spec/blob/main/manifest.md */
export interface ImageManifest extends ManifestFields {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** A list of manifests. @see https://github.com/opencontainers/image-spec/blob/main/image-index.md */
export interface Index extends ManifestFields {
  readonly manifests: readonly Descriptor[];
}

/** A manifest's document with what it refers to, checked. */
export type Manifest = {
  readonly mediaType: string;
  readonly subject?: Descriptor;
  readonly annotations?: Annotations;
} & (
  | { readonly kind: 'image'; readonly document: ImageManifest }
  | { readonly kind: 'index'; readonly document: Index }
  /** A type that we do not know: JSON with a name, carried as it is. */
  | { readonly kind: 'opaque'; readonly document: ManifestFields }
);

const DECISIVE = decisiveNames(
  'manifest',
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'subject',
  'annotations',
);

/**
 * Reads a manifest and checks it: descriptors, types, and that it is one kind of document and no other.
 * @param bytes the document
 * @param mediaType what the header or the descriptor says it is, without parameters
 * @throws {Invalid} subject `manifest`, `descriptor` or `json`.
 * @see https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh
 */
export function parseManifest(bytes: Uint8Array, mediaType: string): Manifest {
  if (!isMediaType(mediaType) || !/^application\/.*\+json$/.test(mediaType)) {
    throw new Invalid('manifest', `not the media type of a manifest: "${printable(mediaType)}"`);
  }
  const document = parseJson(bytes);
  if (!isObject(document)) throw new Invalid('manifest', 'want a JSON object', '');
  checkSpelling(document, DECISIVE, '');
  if (document['schemaVersion'] !== 2) throw new Invalid('manifest', 'must be 2', '/schemaVersion');
  const own = document['mediaType'];
  if (own !== undefined && own !== mediaType) {
    throw new Invalid(
      'manifest',
      `is ${printable(JSON.stringify(own))}, but the manifest was announced as "${mediaType}"`,
      '/mediaType',
    );
  }
  const { artifactType } = document;
  if (artifactType !== undefined && typeof artifactType !== 'string')
    throw new Invalid('manifest', 'want a text', '/artifactType');
  checkAnnotations(document['annotations'], '/annotations');
  const common = {
    mediaType,
    ...(document['subject'] != null && { subject: parseDescriptor(document['subject'], '/subject') }),
    ...(document['annotations'] != null && { annotations: document['annotations'] as Annotations }),
  };
  if (isIndexType(mediaType)) {
    refuse(document, ['config', 'layers', 'fsLayers'], 'index');
    descriptors(document, 'manifests');
    return { ...common, kind: 'index', document: document as unknown as Index };
  }
  if (isImageType(mediaType)) {
    refuse(document, ['manifests', 'fsLayers'], 'image manifest');
    parseDescriptor(document['config'], '/config');
    // BuildKit writes `null` for an image without layers.
    const image = document['layers'] === null ? { ...document, layers: [] } : document;
    descriptors(image, 'layers');
    return { ...common, kind: 'image', document: image as unknown as ImageManifest };
  }
  return { ...common, kind: 'opaque', document: document as unknown as ManifestFields };
}

/** The manifests that a manifest lists; its subject is not one of them. */
export function childManifests(manifest: Manifest): readonly Descriptor[] {
  return manifest.kind === 'index' ? manifest.document.manifests : [];
}

/** The blobs that a manifest needs: config and layers. */
export function childBlobs(manifest: Manifest): readonly Descriptor[] {
  return manifest.kind === 'image' ? [manifest.document.config, ...manifest.document.layers] : [];
}

/**
 * The entry by which a referrer is listed: its own type, or its config's if it is an image without one,
 * and its annotations.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
 */
export function referrerDescriptor(manifest: Manifest, { mediaType, digest, size }: Descriptor): Descriptor {
  const artifactType =
    manifest.document.artifactType ||
    (manifest.kind === 'image' ? manifest.document.config.mediaType : undefined);
  return {
    mediaType,
    digest,
    size,
    ...(manifest.annotations !== undefined && { annotations: manifest.annotations }),
    ...(artifactType !== undefined && { artifactType }),
  };
}

function refuse(document: { readonly [name: string]: Json }, names: readonly string[], kind: string): void {
  for (const name of names) {
    if (document[name] !== undefined)
      throw new Invalid('manifest', `an ${kind} must not have it`, `/${name}`);
  }
}

function descriptors(document: { readonly [name: string]: Json }, name: string): void {
  const list = document[name];
  if (!Array.isArray(list)) throw new Invalid('manifest', 'want a list of descriptors', `/${name}`);
  list.forEach((entry: Json, at) => parseDescriptor(entry, `/${name}/${at}`));
}
