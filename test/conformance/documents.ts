/**
 * Image manifests, indexes and what they refer to, made of random bytes, so that each is new to the registry.
 * @see https://github.com/opencontainers/image-spec/blob/main/manifest.md
 * @see https://github.com/opencontainers/image-spec/blob/main/image-index.md
 */
import { gzipSync } from 'node:zlib';
import { contentOf, digestOf, randomContent, word, type Algorithm, type Content } from './content.ts';
import { CONFIG, INDEX, LAYER, LAYER_GZIP, MANIFEST, STRANGE, STRANGER } from './mediatype.ts';

/** How one document refers to another. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: { readonly os: string; readonly architecture: string };
  readonly urls?: readonly string[];
  readonly data?: string;
}

/** A manifest as it is pushed. */
export interface Document extends Content {
  readonly mediaType: string;
  readonly artifactType?: string | undefined;
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** What a manifest or an index may have beside its parts. */
export interface Extras {
  readonly algorithm?: Algorithm | undefined;
  readonly artifactType?: string | undefined;
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** A field that no specification knows. */
  readonly customField?: boolean | undefined;
}

/** Names some bytes. */
export function describe(
  { digest, bytes }: Content,
  mediaType: string,
  more: Partial<Descriptor> = {},
): Descriptor {
  return { mediaType, digest, size: bytes.length, ...more };
}

/** An image manifest. */
export function imageManifest(
  config: Descriptor,
  layers: readonly Descriptor[],
  extras: Extras = {},
): Document {
  return document(MANIFEST, { config, layers }, extras);
}

/** An index. */
export function index(manifests: readonly Descriptor[], extras: Extras = {}): Document {
  return document(INDEX, { manifests }, extras);
}

/** A configuration for a platform. */
export function config(architecture: string, diffIds: readonly string[], extras: Extras = {}): Content {
  const rootfs = { type: 'layers', diff_ids: diffIds };
  const value = { architecture, os: 'linux', author: word(), rootfs, ...custom(extras) };
  return contentOf(JSON.stringify(value), extras.algorithm);
}

/** A layer with a file in it, and the digest of its tar. */
export function layer(
  algorithm: Algorithm = 'sha256',
  compressed = true,
): { readonly blob: Content; readonly mediaType: string; readonly diffId: string } {
  const archive = tar(`conformance-${word()}.txt`, word());
  const blob = contentOf(compressed ? gzipSync(archive) : archive, algorithm);
  return { blob, mediaType: compressed ? LAYER_GZIP : LAYER, diffId: digestOf(archive, algorithm) };
}

/** The smallest manifest that is like no other: an artifact with one blob, which is its config too. */
export function artifact(extras: Extras = {}): { readonly manifest: Document; readonly blob: Content } {
  const blob = contentOf(JSON.stringify({ word: word() }), extras.algorithm);
  const config = describe(blob, STRANGER);
  return { manifest: imageManifest(config, [config], { artifactType: STRANGE, ...extras }), blob };
}

/** A plain image with one layer. */
export function image(): { readonly manifest: Document; readonly blobs: readonly [Content, Content] } {
  const { blob, mediaType, diffId } = layer();
  const configuration = config('amd64', [diffId]);
  const manifest = imageManifest(describe(configuration, CONFIG), [describe(blob, mediaType)]);
  return { manifest, blobs: [configuration, blob] };
}

/** Refers to a manifest that does not exist. */
export function nobody(): Descriptor {
  return describe(randomContent(123), MANIFEST);
}

function document(mediaType: string, parts: Readonly<Record<string, unknown>>, extras: Extras): Document {
  const { artifactType, subject, annotations } = extras;
  const value = {
    schemaVersion: 2,
    mediaType,
    artifactType,
    ...parts,
    subject,
    annotations,
    ...custom(extras),
  };
  return {
    ...contentOf(JSON.stringify(value), extras.algorithm),
    mediaType,
    artifactType,
    subject,
    annotations,
  };
}

function custom({ customField }: Extras): Record<string, string> {
  return customField === true ? { [`org.example.${word()}`]: word() } : {};
}

/** A tar with one file. @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_06 */
function tar(name: string, text: string): Buffer {
  const head = Buffer.alloc(512);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  const fields: readonly (readonly [number, string])[] = [
    [0, name],
    [100, octal(0o644, 8) + octal(0, 8) + octal(0, 8) + octal(text.length, 12) + octal(0, 12)],
    [148, ' '.repeat(8)],
    [156, '0'],
    [257, 'ustar\u000000'],
  ];
  for (const [at, value] of fields) head.write(value, at, 'latin1');
  head.write(
    octal(
      head.reduce((sum, byte) => sum + byte, 0),
      7,
    ),
    148,
    'latin1',
  );
  const body = Buffer.alloc(512);
  body.write(text);
  return Buffer.concat([head, body, Buffer.alloc(1024)]);
}
