import { appendFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { INDEX_LIMIT } from '../../../src/layout-index/index.ts';
import { isRegistryError } from '../../../src/registry/index.ts';
import { archiveRegistry, type ArchiveOptions } from '../../../src/store/archive/index.ts';
import { END, paxRecord, rawEntry, rawPax } from '../../tar/raw.ts';
import { temporaryFolder } from '../layout/folder.ts';
import { config, image, piece } from '../layout/image.ts';
import {
  blob,
  blobPath,
  dockerConfig,
  dockerManifest,
  indexJson,
  layer,
  layoutFiles,
  one,
  tar,
  VERSION,
} from './samples.ts';

type Hostile = readonly [what: string, bytes: Buffer, problem: RegExp, options?: Partial<ArchiveOptions>];

/** The files of a good layout, and something else. */
const withLayout = (...more: Parameters<typeof tar>): Buffer => tar(...layoutFiles, ...more);
const withoutEnd = (bytes: Buffer): Buffer => bytes.subarray(0, -END.length);
const docker = { format: 'docker' } as const;
const victim = piece('the layer that is asked for');
const link = (type: '1' | '2', linkname: string, name = blobPath(victim)): Buffer =>
  rawEntry({ name, type, linkname });

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

const links: readonly Hostile[] = [
  [
    'a symbolic link for a blob',
    withLayout(link('2', blobPath(one).slice(13))),
    /entry 6 "blobs\/sha256\/.*": it is a symlink: want a regular file/,
  ],
  [
    'a symbolic link to an absolute path',
    withLayout(link('2', '/etc/shadow')),
    /it is a symlink: want a regular file/,
  ],
  ['a hard link for a blob', withLayout(link('1', blobPath(one))), /it is a link: want a regular file/],
  [
    'a hard link out of the archive',
    withLayout(link('1', '../../etc/shadow', 'x')),
    /entry 6 "x": it is a link out of the archive/,
  ],
  [
    'a hard link to an absolute path',
    withLayout(link('1', '/etc/shadow', 'x')),
    /it is a link out of the archive, to an absolute path/,
  ],
  [
    'a symbolic link out of the archive',
    withLayout(link('2', '../x', 'x')),
    /it is a link out of the archive/,
  ],
  [
    'a link for the folder of blobs',
    tar(VERSION, indexJson({ one }), link('2', '/srv/blobs', 'blobs')),
    /entry 3 "blobs": it is a symlink/,
  ],
  [
    'a link for index.json',
    tar(VERSION, link('2', 'other.json', 'index.json')),
    /entry 2 "index.json": it is a symlink/,
  ],
];

const paths: readonly Hostile[] = [
  ['a path that goes up', withLayout(['../evil', 'x']), /entry 6 "\.\.\/evil": its path goes up by "\.\."/],
  [
    'a path that goes up in the middle',
    withLayout(['blobs/sha256/../../x', 'x']),
    /its path goes up by "\.\."/,
  ],
  ['an absolute path', withLayout(['/etc/cron.d/evil', 'x']), /its path is absolute/],
  ['a path of another drive', withLayout(['C:/evil', 'x']), /its path leads elsewhere on Windows/],
  ['a path with backslashes', withLayout(['..\\evil', 'x']), /its path leads elsewhere on Windows/],
  ['a NUL in a name', withLayout(rawEntry({ name: 'a\0b' })), /its name has a NUL in the middle/],
  [
    'a NUL in a pax path',
    withLayout(Buffer.concat([rawPax(paxRecord('path', 'a\0b')), rawEntry({})])),
    /its pax header has a NUL in "path"/,
  ],
  [
    'a name of 5,000 bytes',
    withLayout(Buffer.concat([rawPax(paxRecord('path', 'n'.repeat(5000))), rawEntry({})])),
    /its name has more than 4096 bytes/,
  ],
  ['no name at all', withLayout(rawEntry({ name: '' })), /entry 6: it has no name/],
  ['a blob twice', withLayout(blob(one)), /entry 6 "blobs\/sha256\/.*": it is there twice/],
  ['index.json twice', withLayout(indexJson({})), /entry 6 "index.json": it is there twice/],
  [
    'index.json again, spelt otherwise',
    withLayout(['./index.json', '{}']),
    /entry 6 "\.\/index.json": it is there twice/,
  ],
  [
    'a name in other capitals',
    withLayout(['INDEX.json', '{}']),
    /it is the same as "index.json" on disks that do not tell them apart/,
  ],
  [
    'a name composed otherwise',
    withLayout(['caf\u00e9', ''], ['cafe\u0301', '']),
    /it is the same as "caf\\xe9" on disks/,
  ],
  [
    'a file in the place of a folder',
    withLayout(['blobs', 'x'], rawEntry({ name: 'blobs/', type: '5' })),
    /entry 7 "blobs\/": it is there twice/,
  ],
];

const kinds: readonly Hostile[] = [
  [
    'a character device',
    withLayout(rawEntry({ name: 'x', type: '3' })),
    /entry 6 "x": it is a character device/,
  ],
  ['a block device', withLayout(rawEntry({ name: 'x', type: '4' })), /it is a block device/],
  [
    'a pipe in the place of a blob',
    withLayout(rawEntry({ name: blobPath(victim), type: '6' })),
    /it is a fifo/,
  ],
  [
    'a sparse file of GNU tar',
    withLayout(rawEntry({ name: 'x', type: 'S' })),
    /it is sparse, in the form of GNU tar/,
  ],
  [
    'a sparse file, pax 0.1',
    withLayout(Buffer.concat([rawPax(paxRecord('GNU.sparse.map', '0,1')), rawEntry({})])),
    /it is sparse: its pax header has GNU.sparse.map/,
  ],
  [
    'a sparse file, pax 1.0',
    withLayout(Buffer.concat([rawPax(paxRecord('GNU.sparse.major', '1')), rawEntry({})])),
    /it is sparse: its pax header has GNU.sparse.major/,
  ],
  [
    'a sparse file of star',
    withLayout(Buffer.concat([rawPax(paxRecord('SCHILY.realsize', '9')), rawEntry({})])),
    /it is sparse: its pax header has SCHILY.realsize/,
  ],
  [
    'a type that nobody knows',
    withLayout(rawEntry({ name: 'x', type: 'Q' })),
    /it is of type "Q", which is not known/,
  ],
  [
    'a folder with a size',
    withLayout(rawEntry({ name: 'x/', type: '5', size: '00000001000\0' })),
    /it is a directory, and says that it has 512 bytes/,
  ],
];

const headers: readonly Hostile[] = [
  [
    'a wrong checksum',
    withLayout(rawEntry({ name: 'x', checksumOff: 1 })),
    /entry 6: its checksum is \d+, and should be \d+/,
  ],
  [
    'a negative size',
    withLayout(rawEntry({ name: 'x', size: Buffer.alloc(12, 0xff) })),
    /its size is negative: -1/,
  ],
  [
    'a size beyond all numbers',
    withLayout(rawEntry({ name: 'x', size: Buffer.concat([Buffer.of(0x80), Buffer.alloc(11, 0xff)]) })),
    /its size is no number that can be/,
  ],
  [
    'a size that is none',
    withLayout(rawEntry({ name: 'x', size: '0000000000x\0' })),
    /its size is no number that can be/,
  ],
  [
    'a size past the end',
    withLayout(rawEntry({ name: 'x', size: '07777777777\0' }, 'x')),
    /it has 1073741823 bytes, of which the archive has 1536: it was cut off/,
  ],
  [
    'a size beyond what a file may have',
    withLayout(Buffer.concat([rawPax(paxRecord('size', '99999999999999')), rawEntry({ name: 'x' })])),
    /it has 99999999999999 bytes, more than 68719476736/,
  ],
  [
    'a size in the pax header that is none',
    withLayout(Buffer.concat([rawPax(paxRecord('size', '-1')), rawEntry({})])),
    /the size in its pax header is no number that can be/,
  ],
  [
    'two sizes',
    withLayout(Buffer.concat([rawPax(paxRecord('size', '512')), rawEntry({ name: 'x' }, 'x')])),
    /entry 6 "x": it has two sizes: 1, and 512 in its pax header/,
  ],
  [
    'a pax header of 2 MiB',
    withLayout(Buffer.concat([rawPax(paxRecord('comment', 'x'.repeat(2 * 1024 * 1024))), rawEntry({})])),
    /its pax header has \d+ bytes, more than 1048576/,
  ],
  [
    'a pax record that is too long',
    withLayout(Buffer.concat([rawPax('999 path=x\n'), rawEntry({})])),
    /its pax header has a record whose length is wrong/,
  ],
  [
    'a pax record without a key',
    withLayout(Buffer.concat([rawPax('5 =x\n'), rawEntry({})])),
    /its pax header has a record without a key/,
  ],
  [
    'two paths in one pax header',
    withLayout(Buffer.concat([rawPax(paxRecord('path', 'x') + paxRecord('path', 'y')), rawEntry({})])),
    /its pax header says "path" twice/,
  ],
  [
    'two pax headers for one entry',
    withLayout(Buffer.concat([rawPax(paxRecord('path', 'x')), rawPax(paxRecord('path', 'y')), rawEntry({})])),
    /it has more than one pax header/,
  ],
  [
    'a pax header for nothing',
    withLayout(rawPax(paxRecord('path', 'x'))),
    /it has a pax header or a long name, and then nothing/,
  ],
  [
    'a global pax header that sets all paths',
    withLayout(rawPax(paxRecord('path', 'index.json'), 'g')),
    /a global pax header sets the path of all entries/,
  ],
  [
    'a huge long name',
    withLayout(Buffer.concat([rawEntry({ type: 'L' }, 'n'.repeat(70_000)), rawEntry({})])),
    /its long name has 70000 bytes, more than 4097/,
  ],
  [
    'long names without an end',
    withLayout(Buffer.concat([rawEntry({ type: 'L' }, 'a'), rawEntry({ type: 'L' }, 'b'), rawEntry({})])),
    /it has more than one long name/,
  ],
  [
    'two long names in two forms',
    withLayout(Buffer.concat([rawEntry({ type: 'L' }, 'a'), rawPax(paxRecord('path', 'b')), rawEntry({})])),
    /it has two long names/,
  ],
  [
    'six entries, where five are allowed',
    withLayout(['x', '']),
    /there are more than 5 entries/,
    { limits: { entries: 5 } },
  ],
];

const ends: readonly Hostile[] = [
  [
    'cut off in a header',
    withLayout().subarray(0, 700),
    /entry 2: the archive ends in the middle of a header/,
  ],
  [
    'cut off in a content',
    withoutEnd(withLayout(['x', Buffer.alloc(2000)])).subarray(0, -600),
    /entry 6 "x": it has 2000 bytes, of which the archive has 1448: it was cut off/,
  ],
  [
    'cut off between two entries',
    withoutEnd(withLayout()),
    /the archive ends without its mark of the end: it was cut off/,
  ],
  [
    'garbage behind the end',
    Buffer.concat([withLayout(), Buffer.from('garbage')]),
    /something follows the end of the archive/,
  ],
  [
    'another archive behind the end',
    Buffer.concat([withLayout(), withLayout()]),
    /something follows the end of the archive/,
  ],
  ['an empty file', Buffer.alloc(0), /the archive ends without its mark of the end/],
  ['no tar at all', Buffer.alloc(1024, 'no tar '), /entry 1: its checksum is no number that can be/],
];

const compressions: readonly Hostile[] = [
  [
    'a gzip bomb',
    gzipSync(Buffer.alloc(20 * 1024 * 1024)),
    /decompressed it is more than 1000 times as large: it is made to fill disks/,
  ],
  ['a zstd bomb', zstdFrame(7, 200), /decompressed it is more than 1000 times as large/],
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

const layouts: readonly Hostile[] = [
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

const old = dockerConfig(layer);
const dockers: readonly Hostile[] = [
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
  [
    'a config that is no JSON',
    tar(dockerManifest({}), ['config.json', 'no JSON'], ['a/layer.tar', layer]),
    /config.json: not valid JSON/,
    docker,
  ],
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
  [
    'a config under the name of another',
    tar(
      dockerManifest({ Config: `${'a'.repeat(64)}.json` }),
      [`${'a'.repeat(64)}.json`, old],
      ['a/layer.tar', layer],
    ),
    /a{64}.json has the digest of something else/,
    docker,
  ],
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

describe.each<[string, readonly Hostile[]]>([
  ['links [A25, A26]', links],
  ['paths [A24, A27]', paths],
  ['kinds of entries', kinds],
  ['headers', headers],
  ['ends', ends],
  ['compression', compressions],
  ['layouts', layouts],
  ["Docker's old format", dockers],
])('a hostile archive is refused by name: %s', (_, table) => {
  const folder = temporaryFolder();

  test.each(table)('%s', async (__, bytes, problem, options) => {
    const file = join(folder(), 'hostile.tar');
    await writeFile(file, bytes);
    const archive = archiveRegistry(file, { format: 'oci', ...options });
    const error: unknown = await archive.names.entries().catch((reason: unknown) => reason);
    await archive.close();
    expect(isRegistryError(error) && error.code).toBe('ARCHIVE_INVALID');
    expect((error as Error).message).toMatch(problem);
    expect((error as Error).message).toContain(file);
    // Nothing was unpacked, and nothing stays behind.
    expect(await readdir(folder())).toEqual(['hostile.tar']);
  });
});

describe('contents that are not what they should be', () => {
  const folder = temporaryFolder();

  test('a blob under the digest of another fails when it is read to its end [A14]', async () => {
    const file = join(folder(), 'x.tar');
    const forged = Buffer.from(victim.bytes).fill('x');
    await writeFile(file, tar(...layoutFiles, [blobPath(victim), forged]));
    const archive = archiveRegistry(file, { format: 'oci' });
    const content = await archive.getBlob('archive', victim.descriptor.digest);
    await expect(content.bytes()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await archive.close();
  });

  test("a layer of Docker's old format that is not its diff_id", async () => {
    const file = join(folder(), 'x.tar');
    await writeFile(
      file,
      tar(dockerManifest({}), ['config.json', old], ['a/layer.tar', Buffer.from(layer).fill('x')]),
    );
    const archive = archiveRegistry(file, { format: 'docker' });
    const { layers } = await (
      await archive.getManifest('archive', '1')
    ).json<{ layers: { digest: never }[] }>();
    const content = await archive.getBlob('archive', layers[0]?.digest as never);
    await expect(content.bytes()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await archive.close();
  });

  test('a manifest with another size than its entry says', async () => {
    const file = join(folder(), 'x.tar');
    const entry = { ...one, descriptor: { ...one.descriptor, size: one.descriptor.size + 1 } };
    await writeFile(file, tar(VERSION, indexJson({ one: entry }), blob(one), blob(config)));
    const archive = archiveRegistry(file, { format: 'oci' });
    await expect((await archive.getManifest('archive', 'one')).bytes()).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
    });
    await archive.close();
  });

  test('a forged blob is not handed on into another archive', async () => {
    const file = join(folder(), 'x.tar');
    const forged = Buffer.from(config.bytes).fill('x');
    await writeFile(file, tar(VERSION, indexJson({ one }), blob(one), [blobPath(config), forged]));
    const archive = archiveRegistry(file, { format: 'oci' });
    await archive.names.name(one.descriptor.digest, [{ tag: 'again' }]);
    await expect(archive.commit()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await archive.close();
    expect(await readdir(folder())).toEqual(['x.tar']);
  });

  test('an archive that grows behind its end while it is read', async () => {
    const file = join(folder(), 'x.tar');
    await writeFile(file, tar(...layoutFiles));
    const archive = archiveRegistry(file, { format: 'oci' });
    expect(await archive.names.entries()).toHaveLength(2);
    await appendFile(file, 'garbage');
    await expect(archive.names.entries()).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
    await archive.close();
  });
});

describe('what is harmless, and common, is taken', () => {
  const folder = temporaryFolder();
  const dotted = layoutFiles.map(([path, content]) => [`./${path}`, content] as const);

  test.each<[string, Buffer]>([
    [
      'folders, and paths that begin with ./',
      tar(rawEntry({ name: './', type: '5' }), rawEntry({ name: './blobs/', type: '5' }), ...dotted),
    ],
    [
      'times in pax headers',
      tar(
        ...layoutFiles.map(([name, content]) =>
          Buffer.concat([rawPax(paxRecord('mtime', '1.5')), rawEntry({ name }, content)]),
        ),
      ),
    ],
    ['other files', withLayout(['README', 'x'], ['blobs/sha256/.tmp-1', 'x'], ['blobs/README', 'x'])],
    ['records filled up with zeros', Buffer.concat([withLayout(), Buffer.alloc(10 * 1024)])],
    ['one block of zeros for an end', withLayout().subarray(0, -512)],
    ['the order in which tools write: blobs first', tar(...layoutFiles.slice().reverse())],
    [
      'gzip of several members',
      Buffer.concat([gzipSync(withLayout().subarray(0, 1000)), gzipSync(withLayout().subarray(1000))]),
    ],
    ['a global pax header with a comment', tar(rawPax(paxRecord('comment', 'x'), 'g'), ...layoutFiles)],
    [
      'an image whose layers are not there',
      tar(VERSION, indexJson({ one: image('bare') }), blob(image('bare'))),
    ],
  ])('%s', async (_, bytes) => {
    const file = join(folder(), 'x.tar');
    await writeFile(file, bytes);
    const archive = archiveRegistry(file, { format: 'oci' });
    const { mediaType } = await archive.names.resolve({ tag: 'one' });
    expect(await (await archive.getManifest('archive', 'one')).json()).toMatchObject({ mediaType });
    await archive.close();
    expect(await readdir(folder())).toEqual(['x.tar']);
  });
});
