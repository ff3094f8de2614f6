import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { extract, pack, type Header } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import {
  archivePath,
  formatEntry,
  linkTarget,
  sizeOfTar,
  walkTar,
  writeTar,
  type TarItem,
} from '../../src/tar/index.ts';
import { entriesOf } from './access.ts';
import { END, paxRecord, rawEntry, rawHeader, rawPax } from './raw.ts';

const file = (path: string, content: string | Buffer = ''): TarItem => {
  const bytes = Buffer.from(content);
  return {
    path,
    content: {
      size: bytes.length,
      async *open() {
        yield bytes;
      },
    },
  };
};

async function tarOf(...items: readonly TarItem[]): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of writeTar(items)) pieces.push(piece);
  return Buffer.concat(pieces);
}

interface Seen {
  readonly path: string;
  readonly type: string;
  readonly content: string;
  readonly linkpath?: string;
}

/** What we see in a tar. */
async function seenByUs(tar: Buffer): Promise<Seen[]> {
  return (await entriesOf(tar)).map(({ path, type, offset, size, linkpath }) => ({
    path,
    type,
    content: tar.toString('hex', offset, offset + size),
    ...(linkpath !== undefined && { linkpath }),
  }));
}

/** What tar-stream sees in it. */
async function seenByTarStream(tar: Buffer): Promise<Seen[]> {
  const seen: Seen[] = [];
  const reader = extract();
  reader.end(tar);
  for await (const entry of reader) {
    const { name, type, linkname } = entry.header;
    const pieces: Buffer[] = [];
    for await (const piece of entry) pieces.push(piece as Buffer);
    const content = Buffer.concat(pieces).toString('hex');
    seen.push({ path: name, type, content, ...(linkname && { linkpath: linkname }) });
  }
  return seen;
}

type Entry = Pick<Header, 'name' | 'type'> & Partial<Pick<Header, 'linkname'>>;

async function writtenByTarStream(
  entries: readonly (readonly [header: Entry, content: Buffer])[],
): Promise<Buffer> {
  const writer = pack();
  for (const [header, bytes] of entries) writer.entry(header, bytes);
  writer.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of writer) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

const segment = fc.stringMatching(/^[a-z0-9äß_-]{1,60}$/);
const path = fc.array(segment, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('/'));
const content = fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes));

describe('what is written', () => {
  test('is the same bytes each time: no owner, no time', async () => {
    const tar = await tarOf(
      { path: 'folder' },
      file('folder/a', 'content of a'),
      file(`${'long/'.repeat(60)}b`),
    );
    expect(createHash('sha256').update(tar).digest('hex')).toBe(
      'd45636e093c93cddd60b2cd87703299e18721df8ba2ac816516ad58ba21a2a28',
    );
    expect(tar.length).toBe(8 * 512);
    expect(tar.toString('latin1', 108, 124)).toBe('0000000\x000000000\0');
  });

  test('is read by us as it was, and by tar-stream', async () => {
    const files = fc.array(fc.tuple(path, content), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(files, async (all) => {
        const tar = await tarOf(...all.map(([name, bytes]) => file(name, bytes)));
        const expected = all.map(([name, bytes]) => ({
          path: name,
          type: 'file',
          content: bytes.toString('hex'),
        }));
        expect(await seenByUs(tar)).toEqual(expected);
        expect(await seenByTarStream(tar)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  test('has room for paths of any length, and sizes beyond 8 GiB', async () => {
    const size = 9 * 1024 ** 3;
    const header = formatEntry({ path: 'large', type: 'file', size, mode: 0o644 });
    const source = {
      size: header.length + size + 1024,
      read: async (at: number, length: number) =>
        Buffer.concat([header.subarray(at), Buffer.alloc(length)]).subarray(0, length),
    };
    const found = [];
    for await (const entry of walkTar(source)) found.push(entry);
    expect(found).toEqual([
      { path: 'large', type: 'file', size, mode: 0o644, number: 1, offset: header.length },
    ]);
  });

  test('is as long as is told before', async () => {
    const items = fc.array(fc.oneof(fc.tuple(path, content), fc.tuple(path)), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(items, async (all) => {
        const written = all.map(([name, bytes]) =>
          bytes === undefined ? { path: name } : file(name, bytes),
        );
        expect(sizeOfTar(written)).toBe((await tarOf(...written)).length);
      }),
      { numRuns: 100 },
    );
  });

  test('is not written when a content is longer, or shorter, than was said', async () => {
    const wrong = (size: number): TarItem => {
      const { path, content } = file('x', 'four');
      return { path, ...(content && { content: { ...content, size } }) };
    };
    await expect(tarOf(wrong(3))).rejects.toThrow('"x" was announced with 3 bytes, and has more');
    await expect(tarOf(wrong(5))).rejects.toThrow('"x" was announced with 5 bytes, and has 4');
  });
});

describe('a header', () => {
  /** The name in the first header of what is written for a path, and how many blocks stand before the content. */
  const firstOf = (path: string): readonly [name: string, blocks: number] => {
    const header = Buffer.from(formatEntry({ path, type: 'file', size: 0, mode: 0o644 }));
    return [header.toString('latin1', 0, 100).replace(/\0.*/, ''), header.length / 512];
  };

  test('has room for a folder of 155 bytes and a name of 100; what is longer has a pax header', () => {
    const [folder, name] = ['f'.repeat(155), 'n'.repeat(100)];
    expect(firstOf(`${folder}/${name}`)).toEqual([name, 1]);
    expect(firstOf(`f${folder}/${name}`)[1]).toBe(3);
    expect(firstOf(`${folder}/${name}n`)[1]).toBe(3);
    expect(firstOf(name)).toEqual([name, 1]);
    expect(firstOf(`${name}n`)[1]).toBe(3);
    // A slash at either end splits nothing.
    expect(firstOf(`/${name}n`)[1]).toBe(3);
    expect(firstOf(`${name}/`)[1]).toBe(3);
  });

  test('ends its prefix after 155 bytes, whatever stands behind that', async () => {
    const prefix = `${'p'.repeat(155)}star`;
    const [entry] = await entriesOf(Buffer.concat([rawEntry({ name: 'b', prefix }), END]));
    expect(entry?.path).toBe(`${'p'.repeat(155)}/b`);
  });

  test.each([0o10000000, -1, 0.5])('has no room for a mode of %d', (mode) =>
    expect(() => formatEntry({ path: 'a', type: 'file', size: 0, mode })).toThrow(
      `${mode} does not fit into a header`,
    ),
  );

  test('has sizes up to 8 GiB in digits, and larger ones in a pax header', () => {
    const sized = (size: number): string =>
      Buffer.from(formatEntry({ path: 'a', type: 'file', size, mode: 0 })).toString('latin1');
    expect(sized(8 ** 11 - 1)).toContain('77777777777\0');
    expect(sized(8 ** 11 - 1)).toHaveLength(512);
    expect(sized(8 ** 11)).toContain('19 size=8589934592\n');
  });
});

describe('what is read', () => {
  test('is what tar-stream wrote: long names, links, folders', async () => {
    const entry = fc.oneof(
      fc.tuple(path, content).map(([name, bytes]) => [{ name, type: 'file' as const }, bytes] as const),
      fc
        .tuple(path, path)
        .map(([name, linkname]) => [{ name, linkname, type: 'symlink' as const }, Buffer.alloc(0)] as const),
      path.map((name) => [{ name: `${name}/`, type: 'directory' as const }, Buffer.alloc(0)] as const),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), async (all) => {
        const tar = await writtenByTarStream(all);
        expect(await seenByUs(tar)).toEqual(
          all.map(([{ name, type, ...rest }, bytes]) => ({
            path: name,
            type,
            content: bytes.toString('hex'),
            ...('linkname' in rest && { linkpath: rest.linkname }),
          })),
        );
      }),
      { numRuns: 200 },
    );
  });

  test('never breaks in another way than by an error, whatever the bytes are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 512 }), fc.nat(511), async (noise, at) => {
        const block = rawHeader({ name: 'a' });
        block.set(noise.subarray(0, 512 - at), at);
        const outcome = await entriesOf(Buffer.concat([block, END])).catch((error: unknown) => error);
        expect(outcome instanceof Error ? outcome.name : 'entries').toMatch(/^(?:Invalid|entries)$/);
      }),
      { numRuns: 500 },
    );
  });

  test.each<[string, Buffer, string, number]>([
    ['ustar with a prefix', rawEntry({ name: 'b', prefix: 'a' }, 'x'), 'a/b', 1],
    [
      'tars older than ustar',
      rawEntry({ name: 'b', magic: '', type: '\0', prefix: 'no prefix' }, 'x'),
      'b',
      1,
    ],
    [
      'those of GNU tar, which keeps times where a prefix would be',
      rawEntry({ name: 'b', magic: 'ustar  \0', prefix: '13' }, 'x'),
      'b',
      1,
    ],
    [
      'a long name of GNU tar',
      Buffer.concat([rawEntry({ type: 'L' }, `${'n'.repeat(200)}\0`), rawEntry({}, 'x')]),
      'n'.repeat(200),
      1,
    ],
    [
      'a size in base 256',
      rawEntry({ name: 'b', size: Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]) }, 'xy'),
      'b',
      2,
    ],
    [
      'times and attributes in a pax header',
      Buffer.concat([
        rawPax(paxRecord('mtime', '1.5') + paxRecord('SCHILY.xattr.user.x', '\0y')),
        rawEntry({ name: 'b' }, 'x'),
      ]),
      'b',
      1,
    ],
    [
      'a global pax header with a comment',
      Buffer.concat([rawPax(paxRecord('comment', 'of git'), 'g'), rawEntry({ name: 'b' }, 'x')]),
      'b',
      1,
    ],
    [
      'a size in a pax header alone',
      Buffer.concat([rawPax(paxRecord('size', '1')), rawEntry({ name: 'b', size: '00000000000\0' }, 'x')]),
      'b',
      1,
    ],
    ['a size that begins with spaces', rawEntry({ name: 'b', size: '          1 ' }, 'x'), 'b', 1],
  ])('%s', async (_, tar, path, size) => {
    expect(await entriesOf(Buffer.concat([tar, END]))).toEqual([expect.objectContaining({ path, size })]);
  });

  test('also where the checksum was made of signed bytes, as old writers did', async () => {
    const name = 'a\u007f\u00e4';
    const high = Buffer.from(name).filter((byte) => byte > 127).length;
    for (const [checksumOff, isTaken] of [
      [0, true],
      [-256 * high, true],
      [-256 * (high + 1), false],
    ] as const) {
      const found = entriesOf(Buffer.concat([rawEntry({ name, checksumOff }), END]));
      if (isTaken) expect((await found)[0]?.path).toBe(name);
      else await expect(found).rejects.toThrow(/its checksum is \d+, and should be \d+/);
    }
  });

  test('with what the disk fails with, and not as if the tar were wrong', async () => {
    const failure = new Error('EIO');
    const read = (): Promise<Uint8Array> => Promise.reject(failure);
    const walking = walkTar({ size: 1024, read }).next();
    await expect(walking).rejects.toBe(failure);
  });

  test('by few reads: contents are passed over', async () => {
    const reads: number[] = [];
    const header = formatEntry({ path: 'large', type: 'file', size: 1024 ** 3, mode: 0o644 });
    const one = header.length + 1024 ** 3;
    const source = {
      size: 5 * one + 1024,
      async read(at: number, length: number) {
        reads.push(length);
        const piece = Buffer.alloc(length);
        if (at < 5 * one) piece.set(header);
        return piece;
      },
    };
    let entries = 0;
    for await (const _ of walkTar(source)) entries++;
    expect(entries).toBe(5);
    expect(reads.reduce((sum, length) => sum + length, 0)).toBeLessThan(300_000);
  });
});

describe('paths', () => {
  test.each([
    ['./a/b', 'a/b'],
    ['a//b/', 'a/b'],
    ['./', ''],
    ['a/./b', 'a/b'],
  ])('%s is %s', (path, canonical) => expect(archivePath(path)).toBe(canonical));

  test.each(['/a', '../a', 'a/../b', 'C:/a', 'c:a', 'a\\..\\b'])('%s leads out', (path) =>
    expect(() => archivePath(path)).toThrow(/absolute|Windows|goes up/),
  );

  test.each([
    ['a/layer.tar', '../b.tar', 'b.tar'],
    ['a/layer.tar', 'b.tar', 'a/b.tar'],
  ])('a link at %s to %s leads to %s', (from, target, path) => expect(linkTarget(from, target)).toBe(path));

  test.each(['/etc/passwd', '../../etc/passwd', '../a/../../b', 'C:\\x'])(
    'a link to %s leads out',
    (target) => expect(() => linkTarget('a/layer.tar', target)).toThrow('it is a link out of the archive'),
  );
});
