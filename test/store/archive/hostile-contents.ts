import { gzipSync } from 'node:zlib';
import { INDEX_LIMIT } from '../../../src/layout-index/index.ts';
import {
  dockerConfig,
  dockerManifest,
  indexJson,
  layer,
  link,
  one,
  tar,
  VERSION,
  withLayout,
  type Hostile,
} from './samples.ts';

/** Good tars that no archive should be: compressed, or with contents, to do harm. */

const docker = { format: 'docker' } as const;

/** The digits of a digest that nothing has. */
const HEX = '0123456789abcdef'.repeat(4);

/** A zstd frame with these bytes as they are. */
export function zstdOf(bytes: Buffer): Buffer {
  const header = Buffer.alloc(3);
  header.writeUIntLE((bytes.length << 3) | 1, 0, 3);
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 7 << 3]), header, bytes]);
}

/** A zstd frame of zeros that says which window it wants: `10 + exponent` is its logarithm. */
function zstdFrame(exponent: number, blocks: number): Buffer {
  const block = (last: boolean): Buffer => {
    const header = Buffer.alloc(4);
    // 128 KiB of one byte.
    header.writeUIntLE(((128 * 1024) << 3) | (1 << 1) | (last ? 1 : 0), 0, 3);
    return header;
  };
  const header = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, exponent << 3]);
  return Buffer.concat([header, ...Array.from({ length: blocks }, (_, at) => block(at === blocks - 1))]);
}

export const compressions: readonly Hostile[] = [
  [
    '[A30] a gzip bomb',
    gzipSync(Buffer.alloc(20 * 1024 * 1024)),
    /decompressed it is more than 1000 times as large: it is made to fill disks/,
  ],
  ['[A30] a zstd bomb', zstdFrame(7, 200), /decompressed it is more than 1000 times as large/],
  [
    'more than is allowed',
    gzipSync(withLayout()),
    /decompressed it has more than 1000 bytes/,
    { limits: { total: 1000 } },
  ],
  [
    'a zstd window of 2 GiB',
    zstdFrame(21, 1),
    /a zstd frame wants a window of 2147483648 bytes, more than \d+/,
  ],
  [
    'a second zstd frame with a window of 2 GiB',
    Buffer.concat([zstdFrame(7, 1), zstdFrame(21, 1)]),
    /a zstd frame wants a window of 2147483648 bytes/,
  ],
  [
    'gzip in gzip',
    gzipSync(gzipSync(withLayout())),
    /it is compressed more than once: there is gzip in its gzip/,
  ],
  [
    'gzip that was cut off',
    gzipSync(withLayout()).subarray(0, -20),
    /its gzip is broken: unexpected end of file/,
  ],
  [
    'garbage behind gzip',
    Buffer.concat([gzipSync(withLayout()), Buffer.from('garbage')]),
    /its gzip is broken/,
  ],
  ['zstd that was cut off', zstdFrame(7, 3).subarray(0, -2), /its zstd ends too early: it was cut off/],
  [
    'garbage behind zstd',
    Buffer.concat([zstdFrame(7, 3), Buffer.from('garbage')]),
    /something that is no zstd follows/,
  ],
];

export const layouts: readonly Hostile[] = [
  ['no oci-layout', tar(indexJson({})), /oci-layout is missing/],
  [
    'another version of layouts',
    tar(['oci-layout', '{"imageLayoutVersion":"2.0.0"}'], indexJson({})),
    /oci-layout: \/imageLayoutVersion: must be "1.0.0"/,
  ],
  ['no index.json', tar(VERSION), /index.json is missing/],
  [
    'an index.json that is too large',
    tar(VERSION, ['index.json', Buffer.alloc(INDEX_LIMIT + 1, ' ')]),
    /index.json has \d+ bytes, more than \d+/,
  ],
  ['an index.json that is none', tar(VERSION, ['index.json', '[]']), /index.json: /],
  [
    'an entry whose digest is a path',
    tar(VERSION, [
      'index.json',
      JSON.stringify({
        schemaVersion: 2,
        manifests: [{ ...one.descriptor, digest: 'sha256:../../etc/shadow' }],
      }),
    ]),
    /index.json: \/manifests\/0\/digest/,
  ],
  ['neither a layout nor from Docker', tar(['readme', 'x']), /it has no oci-layout and index.json/],
];

/** The config of an image with one layer. */
export const old: Buffer = dockerConfig(layer);
export const dockers: readonly Hostile[] = [
  [
    'a layer that is not there',
    tar(dockerManifest({}), ['config.json', old]),
    /"a\/layer.tar", which manifest.json names, is not in it/,
    docker,
  ],
  [
    'a config that is not there',
    tar(dockerManifest({})),
    /"config.json", which manifest.json names, is not in it/,
    docker,
  ],
  [
    'a layer that is a link out of the archive',
    tar(dockerManifest({}), ['config.json', old], link('2', '../../etc/shadow', 'a/layer.tar')),
    /entry 3 "a\/layer.tar": it is a link out of the archive/,
    docker,
  ],
  [
    'a layer that is a link to nothing',
    tar(dockerManifest({}), ['config.json', old], link('2', 'gone', 'a/layer.tar')),
    /"a\/layer.tar", which manifest.json names, is not in it/,
    docker,
  ],
  [
    'links in a circle',
    tar(
      dockerManifest({}),
      ['config.json', old],
      link('2', 'b', 'a/layer.tar'),
      link('2', 'layer.tar', 'a/b'),
    ),
    /leads over more than 8 links/,
    docker,
  ],
  [
    'a layer outside',
    tar(dockerManifest({ Layers: ['../../layer.tar'] }), ['config.json', old]),
    /manifest.json: \/0\/Layers\/0: "..\/..\/layer.tar": its path goes up/,
    docker,
  ],
  ...(
    [
      [
        'layers that are no paths',
        { Layers: ['a/layer.tar', 7] },
        /manifest.json: \/0\/Layers: want a list of paths/,
      ],
      [
        'layers that are no list',
        { Layers: { length: 0 } },
        /manifest.json: \/0\/Layers: want a list of paths/,
      ],
      ['names that are no texts', { RepoTags: [null] }, /manifest.json: \/0\/RepoTags: want a list of names/],
      [
        'more layers than any image has',
        { Layers: Array<string>(1001).fill('a/layer.tar') },
        /manifest.json: \/0\/Layers: 1001 layers, more than 1000/,
      ],
    ] as const
  ).map(([what, image, problem]): Hostile => [
    what,
    tar(dockerManifest(image), ['config.json', old]),
    problem,
    docker,
  ]),
  [
    'a config that is no JSON',
    tar(dockerManifest({}), ['config.json', 'no JSON'], ['a/layer.tar', layer]),
    /config.json: not valid JSON/,
    docker,
  ],
  ...['null', '[]', '7'].map((document): Hostile => [
    `a config that is ${document}`,
    tar(dockerManifest({}), ['config.json', document], ['a/layer.tar', layer]),
    /config.json: .*want a JSON object/,
    docker,
  ]),
  [
    'a config without layers',
    tar(dockerManifest({}), ['config.json', '{}'], ['a/layer.tar', layer]),
    /config.json: \/rootfs: want one of type "layers"/,
    docker,
  ],
  [
    'more layers than diff_ids',
    tar(
      dockerManifest({ Layers: ['a/layer.tar', 'a/layer.tar'] }),
      ['config.json', old],
      ['a/layer.tar', layer],
    ),
    /manifest.json names 2 layers for config.json, which has 1 diff_ids/,
    docker,
  ],
  [
    'fewer layers than diff_ids',
    tar(dockerManifest({ Layers: [] }), ['config.json', old]),
    /manifest.json names 0 layers for config.json, which has 1 diff_ids/,
    docker,
  ],
  ...[`${HEX}.json`, `sha256:${HEX}`, `blobs/sha256/${HEX}`, `a/${HEX}.json`].map((name): Hostile => [
    `a config under the name of another: ${name}`,
    tar(dockerManifest({ Config: name }), [name, old], ['a/layer.tar', layer]),
    /cdef(?:.json)? has the digest of something else/,
    docker,
  ]),
  [
    'one layer for two diff_ids',
    tar(
      dockerManifest({ Layers: ['a/layer.tar', 'a/layer.tar'] }),
      ['config.json', dockerConfig(layer, Buffer.from('other'))],
      ['a/layer.tar', layer],
    ),
    /a\/layer.tar cannot be sha256:.*: it is another layer/,
    docker,
  ],
  [
    'a manifest.json that is no list',
    tar(['manifest.json', '{}']),
    /manifest.json: document: want a list of images/,
    docker,
  ],
  [
    'a name that is none',
    tar(dockerManifest({ RepoTags: ['../evil:1'] }), ['config.json', old], ['a/layer.tar', layer]),
    /manifest.json: \/0\/RepoTags\/0/,
    docker,
  ],
  [
    'a manifest.json beside a layout that names what is not there',
    withLayout(dockerManifest({ Config: 'blobs/sha256/none' })),
    /"blobs\/sha256\/none", which manifest.json names, is not in it/,
    docker,
  ],
];
