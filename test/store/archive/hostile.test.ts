import { appendFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../../../src/oci/index.ts';
import { isRegistryError } from '../../../src/registry/index.ts';
import { archiveRegistry } from '../../../src/store/archive/index.ts';
import { paxRecord, rawEntry, rawPax } from '../../tar/raw.ts';
import { temporaryFolder } from '../layout/folder.ts';
import { config, image } from '../layout/image.ts';
import { compressions, dockers, layouts, old, zstdOf } from './hostile-contents.ts';
import { ends, headers, kinds, links, paths } from './hostile-tars.ts';
import {
  blob,
  blobPath,
  dockerManifest,
  indexJson,
  layer,
  layoutFiles,
  one,
  tar,
  VERSION,
  victim,
  withLayout,
  type Hostile,
} from './samples.ts';

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
    const { layers } = await (await archive.getManifest('archive', '1')).json<Layers>();
    expect(layers).toHaveLength(1);
    for (const { digest } of layers) {
      const content = await archive.getBlob('archive', digest);
      await expect(content.bytes()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    }
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
    [
      'zstd of several frames, and one to be passed over',
      Buffer.concat([
        zstdOf(withLayout().subarray(0, 1000)),
        Buffer.from([0x53, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2]),
        zstdOf(withLayout().subarray(1000)),
      ]),
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

interface Layers {
  readonly layers: readonly { readonly digest: Digest }[];
}
