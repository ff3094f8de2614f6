import { gzipSync } from 'node:zlib';
import { digestOf, mediaTypes } from '../../../src/oci/index.ts';
import { graph, type Entry, type Graph, type ManifestPlan } from '../graph.ts';

export const GZIP = 'application/vnd.oci.image.layer.v1.tar+gzip';
const TAR = 'application/vnd.oci.image.layer.v1.tar';

/** What is different from a good image. */
export interface Difference {
  /** Of the config. */
  readonly config?: object;
  /** Fields of entries of the manifest: `layer` is compressed, `plain` is not. */
  readonly layer?: object;
  readonly plain?: object;
  /** Of the entry of the index. */
  readonly entry?: object;
  /** Bytes of the compressed layer. */
  readonly bytes?: Uint8Array;
  readonly image?: object;
}

const FILES = 'the files of a layer';

/** An index of one image for linux/arm64 with two layers, one of them compressed; `top` is the index. */
export function pictured(difference: Difference = {}): Graph {
  const { config = {}, layer = {}, plain = {}, entry = {}, image = {} } = difference;
  const packed = difference.bytes ?? gzipSync(FILES);
  const diffIds = [digestOf(Buffer.from(FILES)), digestOf(Buffer.from('plain'))];
  const told = {
    architecture: 'arm64',
    os: 'linux',
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: [{ created_by: 'a' }, { created_by: 'b', empty_layer: true }, { created_by: 'c' }],
    ...config,
  };
  const manifest: ManifestPlan = {
    config: 'config',
    layers: [
      { of: 'layer', ...layer },
      { of: 'plain', ...plain },
    ],
    ...image,
  };
  const above: Entry = { of: 'image', platform: { architecture: 'arm64', os: 'linux' }, ...entry };
  return graph({
    blobs: {
      config: { text: JSON.stringify(told), mediaType: mediaTypes.ociConfig },
      layer: { text: packed, mediaType: GZIP },
      plain: { text: 'plain', mediaType: TAR },
    },
    manifests: { image: manifest, top: { manifests: [above] } },
  });
}
