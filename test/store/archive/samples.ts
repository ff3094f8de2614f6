import { digestOf } from '../../../src/oci/index.ts';
import { END, rawEntry } from '../../tar/raw.ts';
import type { ArchiveOptions } from '../../../src/store/archive/index.ts';
import { config, image, index, piece, type Piece } from '../layout/image.ts';

/** A file by path and content, or the blocks of an entry as they are. */
export type Item = Buffer | readonly [path: string, content: string | Buffer];

/** A tar of some files, with its end. */
export function tar(...items: readonly Item[]): Buffer {
  const blocks = items.map((item) => (Buffer.isBuffer(item) ? item : rawEntry({ name: item[0] }, item[1])));
  return Buffer.concat([...blocks, END]);
}

export const VERSION: readonly [path: string, content: string] = [
  'oci-layout',
  '{"imageLayoutVersion":"1.0.0"}',
];

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
export const layoutFiles: readonly (readonly [path: string, content: string | Buffer])[] = [
  VERSION,
  indexJson({ one, many }),
  blob(config),
  blob(one),
  blob(many),
];

/** The files of a good layout, and something else. */
export function withLayout(...more: readonly Item[]): Buffer {
  return tar(...layoutFiles, ...more);
}

/** Without the mark of the end. */
export function withoutEnd(bytes: Buffer): Buffer {
  return bytes.subarray(0, -END.length);
}

/** Something that is wrong with an archive, and what is said about it. */
export type Hostile = [what: string, bytes: Buffer, problem: RegExp, options?: Partial<ArchiveOptions>];

/** A blob that somebody would like to have another content. */
export const victim: Piece = piece('the layer that is asked for');

/** A hard link, or a symbolic one. */
export function link(type: '1' | '2', linkname: string, name: string = blobPath(victim)): Buffer {
  return rawEntry({ name, type, linkname });
}

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
