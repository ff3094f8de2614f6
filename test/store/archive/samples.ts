import { digestOf } from '../../../src/oci/index.ts';
import { END, rawEntry } from '../../tar/raw.ts';
import { config, image, index, type Piece } from '../layout/image.ts';

/** A tar of some files, with its end. */
export function tar(
  ...entries: readonly (Buffer | readonly [path: string, content: string | Buffer])[]
): Buffer {
  return Buffer.concat([
    ...entries.map((entry) => (Buffer.isBuffer(entry) ? entry : rawEntry({ name: entry[0] }, entry[1]))),
    END,
  ]);
}

export const VERSION = ['oci-layout', '{"imageLayoutVersion":"1.0.0"}'] as const;

/** The path of a piece in an archive. */
export function blobPath({ descriptor }: Piece): string {
  return `blobs/${descriptor.digest.replace(':', '/')}`;
}

export function blob(piece: Piece): readonly [string, Buffer] {
  return [blobPath(piece), piece.bytes];
}

/** An `index.json` with an entry for each piece, under its tag. */
export function indexJson(tags: Readonly<Record<string, Piece>>): readonly [string, string] {
  const manifests = Object.entries(tags).map(([tag, { descriptor }]) => ({
    ...descriptor,
    annotations: { 'org.opencontainers.image.ref.name': tag },
  }));
  return ['index.json', JSON.stringify({ schemaVersion: 2, manifests })];
}

/** An image, its index, and all files of a layout with both, but for the mark of the end. */
export const one: Piece = image('one');
export const many: Piece = index([one]);
export const layoutFiles: readonly (readonly [string, string | Buffer])[] = [
  VERSION,
  indexJson({ one, many }),
  blob(config),
  blob(one),
  blob(many),
];

/** A layer of Docker's old archives: any bytes will do. */
export const layer: Buffer = Buffer.from('a layer, not compressed');

/** The config of an image with some layers, as they are uncompressed. */
export function dockerConfig(...layers: readonly Buffer[]): Buffer {
  const rootfs = { type: 'layers', diff_ids: layers.map((bytes) => digestOf(bytes)) };
  return Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs }));
}

/** A `manifest.json` of one image. */
export function dockerManifest(image: {
  readonly Config?: unknown;
  readonly RepoTags?: unknown;
  readonly Layers?: unknown;
}): readonly [string, string] {
  return [
    'manifest.json',
    JSON.stringify([{ Config: 'config.json', RepoTags: ['x/y:1'], Layers: ['a/layer.tar'], ...image }]),
  ];
}
