import { execFileSync } from 'node:child_process';
import { mkdir, readdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { annotations, mediaTypes, type Digest } from '../../../src/oci/index.ts';
import { isVerificationFailure, type Registry } from '../../../src/registry/index.ts';
import { layoutRegistry, singleLayout } from '../../../src/store/layout/index.ts';
import { temporaryFolder } from './folder.ts';
import { all, config, entry, image, index, pathOf, piece, push, pushBlob, type Piece } from './image.ts';

const folder = temporaryFolder();
let registry: Registry;
const a = image('a');

/** Writes a layout by hand, as other tools would. */
async function write(manifests: unknown, ...pieces: Piece[]): Promise<void> {
  await mkdir(join(folder(), 'blobs/sha256'), { recursive: true });
  await writeFile(join(folder(), 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(folder(), 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  for (const { bytes, descriptor } of pieces) await writeFile(file(descriptor.digest), bytes);
}
const file = (digest: Digest): string => join(folder(), pathOf(digest));
const invalid = (message: string | RegExp): unknown =>
  expect.objectContaining({ code: 'LAYOUT_INVALID', message: expect.stringMatching(message) as unknown });

beforeEach(async () => {
  registry = singleLayout(folder());
  await write([entry(a, 'v1')], config, a);
});

/** All that reads, and what writes, refuse the layout. */
async function expectInvalid(message: string | RegExp): Promise<void> {
  await expect(registry.getManifest('layout', 'v1')).rejects.toThrow(invalid(message));
  await expect(registry.resolveBlob('layout', config.descriptor.digest)).rejects.toThrow(invalid(message));
  await expect(all(registry.tags('layout'))).rejects.toThrow(invalid(message));
  await expect(all(registry.referrers('layout', a.descriptor.digest))).rejects.toThrow(invalid(message));
  await expect(push(registry, 'layout', a, 'v2')).rejects.toThrow(invalid(message));
  await expect(registry.deleteManifest('layout', 'v1')).rejects.toThrow(invalid(message));
}

describe('61: oci-layout', () => {
  test.each([
    ['version "2.0.0"', '{"imageLayoutVersion":"2.0.0"}'],
    ['version "1.0.1"', '{"imageLayoutVersion":"1.0.1"}'],
    ['a number', '{"imageLayoutVersion":1}'],
    ['no version', '{}'],
    ['a list', '[]'],
    ['not JSON', 'layout'],
    ['empty', ''],
    ['twice the version', '{"imageLayoutVersion":"1.0.0","imageLayoutVersion":"2.0.0"}'],
  ])('%s', async (_, text) => {
    await writeFile(join(folder(), 'oci-layout'), text);
    await expectInvalid(/oci-layout: /);
  });

  test('missing', async () => {
    await rm(join(folder(), 'oci-layout'));
    await expectInvalid('oci-layout: it is missing');
  });

  test('1 GB', async () => {
    await truncate(join(folder(), 'oci-layout'), 1e9);
    await expectInvalid('oci-layout: it has 1000000000 bytes, more than 65536');
  });

  test.each(['a folder', 'a link', 'a pipe'])('%s', async (kind) => {
    const path = join(folder(), 'oci-layout');
    await rename(path, join(folder(), 'elsewhere'));
    if (kind === 'a folder') await mkdir(path);
    else if (kind === 'a link') await symlink('elsewhere', path);
    else execFileSync('mkfifo', [path]);
    await expectInvalid('oci-layout: it is not a regular file');
  });
});

describe('62: index.json', () => {
  const { digest } = a.descriptor;
  test.each([
    ['truncated', '{"schemaVersion":2,"manifests":[', 'not valid JSON'],
    ['empty', '', 'not valid JSON'],
    ['bad UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'UTF-8'],
    ['manifests null', '{"schemaVersion":2,"manifests":null}', '/manifests'],
    ['no manifests', '{"schemaVersion":2}', '/manifests'],
    ['a list', '[]', 'object'],
    ['schema 1', '{"schemaVersion":1,"manifests":[]}', '/schemaVersion'],
    [
      'a Docker list',
      `{"schemaVersion":2,"mediaType":"${mediaTypes.dockerList}","manifests":[]}`,
      '/mediaType',
    ],
    ['a manifest', a.bytes, '/mediaType'],
    // 64
    ['a digest that leads elsewhere', entries({ digest: 'sha256:../../x' }), '/manifests/0/digest'],
    ['an algorithm that leads elsewhere', entries({ digest: '../x:abc' }), '/manifests/0/digest'],
    ['an upper case digest', entries({ digest: digest.toUpperCase() }), '/manifests/0/digest'],
    ['a negative size', entries({ size: -1 }), '/manifests/0/size'],
    ['half a byte', entries({ size: 1.5 }), '/manifests/0/size'],
    [
      'an endless size',
      `{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"${digest}","size":1e400}]}`,
      '/manifests/0/size',
    ],
    ['no media type', entries({ mediaType: null }), '/manifests/0/mediaType'],
    ['an annotation that is no text', entries({ annotations: { a: 1 } }), '/manifests/0/annotations/a'],
    ['deep', `{"schemaVersion":2,"x":${'['.repeat(100)}${']'.repeat(100)},"manifests":[]}`, 'deeper than 64'],
    [
      '100,001 entries',
      JSON.stringify({ schemaVersion: 2, manifests: Array.from({ length: 100_001 }, () => ({})) }),
      'more than 100000',
    ],
  ])('%s', async (_, text, message) => {
    await writeFile(join(folder(), 'index.json'), text);
    await expectInvalid(new RegExp(`index[.]json: .*${message}`));
  });
  function entries(change: Record<string, unknown>): string {
    return JSON.stringify({ schemaVersion: 2, manifests: [{ ...entry(a, 'v1'), ...change }] });
  }

  test('missing', async () => {
    await rm(join(folder(), 'index.json'));
    await expectInvalid('index.json: it is missing');
  });

  test('missing, where a layout was only begun', async () => {
    await rm(join(folder(), 'index.json'));
    await rm(join(folder(), 'blobs/sha256'), { recursive: true });
    await expect(registry.resolveManifest('layout', 'v1')).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
    await pushBlob(registry, 'layout', config);
    await push(registry, 'layout', a, 'v1');
    await registry.resolveManifest('layout', 'v1');
  });

  test('65 MiB', async () => {
    await truncate(join(folder(), 'index.json'), 65 * 1024 * 1024);
    await expectInvalid('index.json: it has 68157440 bytes, more than 67108864');
  });

  test('a folder that is no layout', async () => {
    for (const name of ['oci-layout', 'index.json']) await rm(join(folder(), name));
    await expect(registry.getManifest('layout', 'v1')).rejects.toThrow(invalid('oci-layout: it is missing'));
    const root = layoutRegistry(join(folder(), '..'));
    await expect(root.getManifest('tmp', 'v1')).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
    const missing = singleLayout(join(folder(), 'missing'));
    await expect(missing.getManifest('layout', 'v1')).rejects.toMatchObject({ code: 'NAME_UNKNOWN' });
  });

  test('one name at two manifests', async () => {
    const b = image('b');
    await write(
      [entry(a, 'v1'), entry(b, 'v1'), entry(b, 'v2'), entry(a, 'v3'), entry(a, 'v3')],
      config,
      a,
      b,
    );
    await expect(registry.getManifest('layout', 'v1')).rejects.toMatchObject({
      code: 'REFERENCE_AMBIGUOUS',
      message: expect.stringMatching(
        /^"v1" is ambiguous: it means 2 images in layout, .*sha256:.*, sha256:/,
      ) as unknown,
    });
    expect((await registry.resolveManifest('layout', 'v2')).digest).toBe(b.descriptor.digest);
    expect((await registry.resolveManifest('layout', 'v3')).digest).toBe(a.descriptor.digest);
    expect(await all(registry.tags('layout'))).toEqual(['v1', 'v2', 'v3']);
    const c = image('c');
    await push(registry, 'layout', c, 'v1');
    expect((await registry.resolveManifest('layout', 'v1')).digest).toBe(c.descriptor.digest);
  });
});

describe('63: blobs', () => {
  const path = (): string => file(a.descriptor.digest);
  const read = async (): Promise<unknown> => (await registry.getManifest('layout', 'v1')).bytes();
  const readBlob = async (): Promise<unknown> =>
    (await registry.getBlob('layout', a.descriptor.digest)).bytes();

  test('missing', async () => {
    await rm(path());
    await expect(read()).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN', status: 404 });
    await expect(registry.resolveManifest('layout', a.descriptor.digest)).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
    await expect(readBlob()).rejects.toMatchObject({ code: 'BLOB_UNKNOWN', status: 404 });
    // An entry that leads nowhere can be deleted, and the manifest can come back.
    await push(registry, 'layout', a);
    await read();
    await rm(path());
    await registry.deleteManifest('layout', a.descriptor.digest);
    expect(await all(registry.tags('layout'))).toEqual([]);
  });

  test.each([
    ['truncated', a.bytes.subarray(0, -1)],
    ['other bytes of the same size', Buffer.from(a.bytes).fill(0x20)],
    ['one bit', Buffer.from(a.bytes.map((byte, at) => (at === 9 ? byte ^ 1 : byte)))],
    ['longer', Buffer.concat([a.bytes, Buffer.from(' ')])],
    ['empty', Buffer.alloc(0)],
  ])('%s', async (_, bytes) => {
    await writeFile(path(), bytes);
    await expect(read()).rejects.toSatisfy(isVerificationFailure);
    await expect(readBlob()).rejects.toSatisfy(isVerificationFailure);
    await push(registry, 'layout', a, 'v1');
    expect(await read()).toEqual(a.bytes);
    await readBlob();
  });

  test.each(['a folder', 'a link', 'a link to nowhere', 'a pipe'])('%s', async (kind) => {
    await rename(path(), join(folder(), 'elsewhere'));
    if (kind === 'a folder') await mkdir(path());
    else if (kind === 'a pipe') execFileSync('mkfifo', [path()]);
    else await symlink(kind === 'a link' ? '../../elsewhere' : 'nowhere', path());
    for (const reading of [read, readBlob])
      await expect(reading()).rejects.toMatchObject({ code: 'BLOB_NOT_REGULAR' });
    await expect(registry.resolveBlob('layout', a.descriptor.digest)).rejects.toMatchObject({
      code: 'BLOB_NOT_REGULAR',
    });
  });

  test('links further up lead nothing in that cannot be verified', async () => {
    await mkdir(join(folder(), 'secret'));
    await writeFile(join(folder(), 'secret/passwd'), 'root');
    await symlink('../secret', join(folder(), 'blobs/etc'));
    await expect(registry.getBlob('layout', 'etc:passwd' as Digest)).rejects.toMatchObject({
      code: 'BLOB_NOT_REGULAR',
    });
  });

  test('no digest leads elsewhere', async () => {
    for (const digest of [
      'sha256:../../index.json',
      '../x:y',
      'sha256:',
      'a/b:c',
      '..:..',
      'x:a/b',
      'x:..',
    ]) {
      await expect(registry.getBlob('layout', digest as Digest)).rejects.toMatchObject({
        code: 'DIGEST_INVALID',
        status: 400,
      });
    }
    for (const digest of ['index.json:a', 'oci-layout:a', 'blobs:sha256', `x:${'a'.repeat(400)}`]) {
      await expect(registry.getBlob('layout', digest as Digest)).rejects.toMatchObject({
        code: 'BLOB_UNKNOWN',
      });
    }
  });
});

describe('64: entries', () => {
  test('a size that is off by one', async () => {
    await write([{ ...entry(a, 'v1'), size: a.bytes.length - 1 }], config, a);
    await expect((await registry.getManifest('layout', 'v1')).bytes()).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
    });
  });

  test('a type that is not known', async () => {
    const odd = piece('odd', 'application/vnd.odd');
    await write([entry(odd, 'v1')], odd);
    const content = await registry.getManifest('layout', 'v1');
    expect(content.descriptor).toEqual(odd.descriptor);
    expect(await content.text()).toBe('odd');
  });
});

describe('65: limits', () => {
  test('indexes that stand 1,000 deep in one another', async () => {
    const chain = [a];
    for (let depth = 0; depth < 1000; depth++)
      chain.push(index([chain.at(-1) as Piece], { annotations: { depth: String(depth) } }));
    await write([entry(chain.at(-1) as Piece, 'v1')], config, ...chain);
    const digestAt = (depth: number): Digest => chain.at(-1 - depth)?.descriptor.digest as Digest;
    await registry.getManifest('layout', 'v1');
    for (const depth of [0, 1, 8]) await registry.getManifest('layout', digestAt(depth));
    await expect(registry.getManifest('layout', digestAt(9))).rejects.toThrow(invalid('more than 8 deep'));
    // What stands too deep to be found has to keep its own entry.
    await push(registry, 'layout', index([], { annotations: { deep: 'no' } }), 'v2');
    await registry.getManifest('layout', 'v2');
  });

  test('a manifest below the limit of depth keeps its entry', async () => {
    await push(registry, 'layout', a);
    let top = a;
    for (let depth = 0; depth < 12; depth++) {
      top = index([top], { annotations: { depth: String(depth) } });
      await push(registry, 'layout', top);
      await registry.resolveManifest('layout', a.descriptor.digest);
    }
  });

  test('indexes that lead to one another', async () => {
    // Only what cannot be verified can do that; and a subject, which is not followed.
    const looped = image('looped', { subject: { ...a.descriptor } });
    const odd = { mediaType: mediaTypes.ociIndex, digest: 'odd:loop', size: 2 };
    const first = piece(
      JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [odd] }),
      mediaTypes.ociIndex,
    );
    await write([entry(first, 'v1'), entry(looped, 'v2')], config, first, looped);
    await mkdir(join(folder(), 'blobs/odd'));
    const second = JSON.stringify({ schemaVersion: 2, manifests: [first.descriptor, { ...odd, size: 400 }] });
    await writeFile(join(folder(), 'blobs/odd/loop'), second.padEnd(400));
    await expect(registry.resolveManifest('layout', `sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({
      code: 'MANIFEST_UNKNOWN',
    });
    expect(await all(registry.referrers('layout', a.descriptor.digest))).toHaveLength(1);
  });

  test('an index of more manifests than a layout may have', async () => {
    // Three indexes of 4 MiB at most cannot list so many: it takes 40 of them.
    const manifests = (at: number): Piece[] =>
      Array.from({ length: 2501 }, (_, n) => ({
        bytes: a.bytes,
        descriptor: { ...a.descriptor, digest: `x:${at}-${n}` as Digest },
      }));
    const many = Array.from({ length: 40 }, (_, at) => index(manifests(at)));
    await write(
      many.map((one) => entry(one)),
      config,
      ...many,
    );
    await expect(registry.resolveManifest('layout', a.descriptor.digest)).rejects.toThrow(
      invalid('more than 100000 manifests'),
    );
    expect(
      (await registry.resolveManifest('layout', (many[39] as Piece).descriptor.digest)).size,
    ).toBeGreaterThan(1e5);
  });

  test('an index that is too large to be read', async () => {
    const large = index([a], { annotations: { large: 'x'.repeat(4 * 1024 * 1024) } });
    await write([entry(large, 'v1')], config, a, large);
    await expect(registry.resolveManifest('layout', a.descriptor.digest)).rejects.toThrow(
      invalid('larger than 4194304 bytes'),
    );
  });

  test('an index.json that would be too large is not written', async () => {
    const long = { ...entry(a), annotations: { long: 'x'.repeat(64 * 1024 * 1024 - 400) } };
    await write([long], config, a);
    await expect(push(registry, 'layout', image('b'), 'v1', 'v2')).rejects.toMatchObject({ code: 'DENIED' });
    await registry.resolveManifest('layout', a.descriptor.digest);
  });
});

test('66: strange names among the blobs are passed over', async () => {
  const names = [a.descriptor.digest.slice(7).toUpperCase(), 'a'.repeat(63), 'x.tmp', '.hidden'];
  for (const name of names) await writeFile(join(folder(), 'blobs/sha256', name), 'x');
  await registry.getManifest('layout', 'v1');
  await push(registry, 'layout', image('b'), 'v2');
  expect(await all(registry.tags('layout'))).toEqual(['v1', 'v2']);
  expect(await readdir(join(folder(), 'blobs/sha256'))).toEqual(expect.arrayContaining(names));
});

describe('67: the lock', () => {
  test('left behind by somebody who is gone does not matter', async () => {
    await mkdir(join(folder(), '.stowage'));
    await writeFile(join(folder(), '.stowage/lock'), '{"pid":999999}');
    await push(registry, 'layout', a, 'v2');
    expect(await readdir(join(folder(), '.stowage'))).toContain('lock');
  });

  test('that cannot be made is a clear error', async () => {
    await writeFile(join(folder(), '.stowage'), 'in the way');
    await expect(push(registry, 'layout', a, 'v2')).rejects.toMatchObject({
      code: 'UNKNOWN',
      status: 500,
      message: expect.stringMatching(/^cannot \w+ [.]stowage.*: E(NOTDIR|EXIST)$/) as unknown,
    });
    expect(await all(registry.tags('layout'))).toEqual(['v1']);
    // Nothing that only reads needs it.
    await (await registry.getManifest('layout', 'v1')).bytes();
  });
});

test('entries with full names are found by the tags at their ends', async () => {
  await write([{ ...entry(a), annotations: { [annotations.refName]: 'docker.io/library/a:v1' } }], config, a);
  expect(await all(registry.tags('layout'))).toEqual(['v1']);
  expect((await registry.resolveManifest('layout', 'v1')).digest).toBe(a.descriptor.digest);
});
