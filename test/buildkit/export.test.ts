import { createClient, type Transport } from '@connectrpc/connect';
import { execFile } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { entryOrder } from '../../src/buildkit/export/entry-order.ts';
import { fileSend } from '../../src/buildkit/export/file-send.ts';
import { toFile } from '../../src/buildkit/export/tar-file.ts';
import { FileSend } from '../../src/buildkit/proto/filesync_pb.ts';
import { PacketSchema, type Packet } from '../../src/buildkit/proto/fsutil_pb.ts';
import { folder, line, packet, text, wired } from './wired.ts';

const [STAT, REQUEST, CONTENTS, END, ERROR] = [0, 1, 2, 3, 4];
const FOLDER = 2 ** 31;
const SYMLINK = 2 ** 27;
const PIPE = 2 ** 25;

type Entry = Omit<NonNullable<Parameters<typeof packet>[0]>['stat'] & object, '$typeName' | '$unknown'>;

const file = (path: string, contents: string, mode = 0o644): Entry & { readonly contents: string } => ({
  path,
  mode,
  size: BigInt(contents.length),
  modTime: 1_600_000_000_000_000_000n,
  contents,
});
const directory = (path: string, mode = 0o755): Entry => ({
  path,
  mode: FOLDER + mode,
  modTime: 1_500_000_000_000_000_000n,
});
const linkTo = (path: string, linkname: string): Entry => ({ path, mode: SYMLINK + 0o777, linkname });
const nameFor = (path: string, linkname: string): Entry => ({ path, mode: 0o644, linkname });

describe('a tar', () => {
  /** Sends bytes as an exporter does. */
  async function send(transport: Transport, pieces: AsyncIterable<string>, exporter = '0'): Promise<void> {
    const messages = async function* (): AsyncGenerator<{ data: Uint8Array }> {
      for await (const piece of pieces) yield { data: Buffer.from(piece) };
    };
    const headers = { 'buildkit-attachable-exporter-id': exporter };
    for await (const _ of createClient(FileSend, transport).diffCopy(messages(), { headers })) void _;
  }
  const pieces = async function* (...texts: readonly string[]): AsyncGenerator<string> {
    yield* texts;
  };

  test('goes into a file, for which folders are made', async () => {
    const path = join(await folder(), 'new/out.tar');
    await send(await wired(fileSend(new Map([['0', { take: toFile(path) }]]))), pieces('one ', '', 'two'));
    expect(await readFile(path, 'utf8')).toBe('one two');
    expect(await readdir(join(path, '..'))).toEqual(['out.tar']);
  });

  test('that breaks off leaves the file that was there, and nothing else', async () => {
    const path = join(await folder(), 'out.tar');
    await writeFile(path, 'old');
    const transport = await wired(fileSend(new Map([['0', { take: toFile(path) }]])));
    const broken = async function* (): AsyncGenerator<string> {
      yield 'new'.repeat(400_000);
      throw new Error('the builder is gone');
    };
    await expect(send(transport, broken())).rejects.toThrow();
    expect(await readFile(path, 'utf8')).toBe('old');
    await expect.poll(() => readdir(join(path, '..'))).toEqual(['out.tar']);
  });

  test.skipIf(process.platform === 'win32')('goes through a pipe, which stays one', async () => {
    const path = join(await folder(), 'pipe');
    await promisify(execFile)('mkfifo', [path]);
    const read = readFile(path, 'utf8');
    await send(await wired(fileSend(new Map([['0', { take: toFile(path) }]]))), pieces('one ', 'two'));
    expect(await read).toBe('one two');
    expect((await stat(path)).isFIFO()).toBe(true);
  });

  test('does not go where a folder is', async () => {
    const path = await folder();
    const transport = await wired(fileSend(new Map([['0', { take: toFile(path) }]])));
    await expect(send(transport, pieces('x'))).rejects.toThrow('is a folder, not a file to write');
  });

  test('of one exporter among several goes to its own target', async () => {
    const taken: string[] = [];
    const taker = (name: string) => ({
      take: async (bytes: AsyncIterable<Uint8Array>) => {
        for await (const chunk of bytes) taken.push(`${name}: ${text(chunk)}`);
      },
    });
    const targets = new Map([
      ['0', taker('first')],
      ['2', taker('third')],
    ]);
    const transport = await wired(fileSend(targets));
    await send(transport, pieces('a', 'b'), '2');
    await send(transport, pieces('c'));
    expect(taken).toEqual(['third: ab', 'first: c']);
    await expect(send(transport, pieces('d'), '1')).rejects.toThrow('exporter 1 not found');
  });
});

/** Sends files as the local exporter does, in answer to what is asked for. @returns what was said at last */
async function sendFolder(
  root: string,
  entries: readonly (Entry & { readonly contents?: string })[],
  tamper: (answer: Packet) => readonly Packet[] | undefined = () => undefined,
): Promise<void> {
  const transport = await wired(fileSend(new Map([['0', { folder: root }]])));
  // The method has one name, and two kinds of messages.
  const method = { ...FileSend.method.diffCopy, input: PacketSchema, output: PacketSchema };
  const client = createClient({ ...FileSend, methods: [method], method: { diffCopy: method } }, transport);
  const said = line<Packet>();
  for (const { contents: _, ...stat } of entries) said.say(packet({ type: STAT, stat }));
  said.say(packet({ type: STAT }));
  try {
    for await (const answer of client.diffCopy(said)) {
      const { type, id, data } = answer;
      const tampered = tamper(answer);
      if (tampered !== undefined) said.say(...tampered);
      else if (type === REQUEST) {
        const { contents = '' } = entries[id] ?? {};
        if (contents !== '') said.say(packet({ type: CONTENTS, id, data: Buffer.from(contents) }));
        said.say(packet({ type: CONTENTS, id }));
      } else if (type === END) said.say(packet({ type: END }));
      else if (type === ERROR) expect(text(data)).not.toBe('');
    }
  } finally {
    said.hangUp();
  }
}

describe('a folder', () => {
  test('is written with its files, links, permissions and times', async () => {
    const root = join(await folder(), 'out');
    await sendFolder(root, [
      directory('bin', 0o555),
      linkTo('bin/[', '/bin/sh'),
      file('bin/sh', 'shell', 0o755),
      file('empty', ''),
      nameFor('sh', 'bin/sh'),
    ]);
    expect(await readFile(join(root, 'bin/sh'), 'utf8')).toBe('shell');
    expect(await readlink(join(root, 'bin/['))).toBe('/bin/sh');
    const [bin, sh, other] = await Promise.all(['bin', 'bin/sh', 'sh'].map((path) => stat(join(root, path))));
    expect([bin?.mode, sh?.mode].map((mode) => (mode ?? 0) & 0o777)).toEqual([0o555, 0o755]);
    expect([bin?.mtimeMs, sh?.mtimeMs]).toEqual([1.5e12, 1.6e12]);
    expect(other?.ino).toBe(sh?.ino);
    expect((await stat(join(root, 'empty'))).size).toBe(0);
  });

  test('takes in hundreds of files', async () => {
    const root = await folder();
    const files = Array.from({ length: 500 }, (_, index) =>
      file(`f${String(index).padStart(3, '0')}`, `file ${index}`),
    );
    await sendFolder(root, files);
    expect(await readdir(root)).toHaveLength(500);
    expect(await readFile(join(root, 'f321'), 'utf8')).toBe('file 321');
  });

  test('keeps what was there, and replaces what has the same name', async () => {
    const root = await folder();
    await mkdir(join(root, 'kept'));
    await writeFile(join(root, 'kept/mine'), 'mine');
    await writeFile(join(root, 'a'), 'old');
    await mkdir(join(root, 'b'));
    await sendFolder(root, [
      file('a', 'new'),
      file('b', 'now a file'),
      directory('kept'),
      file('kept/x', 'x'),
    ]);
    expect(await readFile(join(root, 'a'), 'utf8')).toBe('new');
    expect(await readFile(join(root, 'b'), 'utf8')).toBe('now a file');
    expect((await readdir(join(root, 'kept'))).toSorted()).toEqual(['mine', 'x']);
  });

  test('does not replace a folder that has something in it', async () => {
    const root = await folder();
    await mkdir(join(root, 'src'));
    await writeFile(join(root, 'src/mine'), 'mine');
    await expect(sendFolder(root, [file('src', 'x')])).rejects.toThrow('move it away');
    expect(await readdir(root)).toEqual(['src']);
  });

  test('[A26] nothing is written through a link that was there before', async () => {
    const [root, outside] = [await folder(), await folder()];
    await symlink(outside, join(root, 'out'));
    await writeFile(join(outside, 'passwd'), 'mine');
    await symlink(join(outside, 'passwd'), join(root, 'file'));
    await sendFolder(root, [file('file', 'theirs'), directory('out'), file('out/passwd', 'theirs')]);
    expect(await readFile(join(outside, 'passwd'), 'utf8')).toBe('mine');
    expect((await lstat(join(root, 'out'))).isDirectory()).toBe(true);
    expect(await readFile(join(root, 'file'), 'utf8')).toBe('theirs');
  });

  const refused: readonly (readonly [string, readonly Entry[], string])[] = [
    ['[A24] a path that leads out', [file('../x', '')], 'leads out of the folder'],
    ['[A24] an absolute path', [file('/etc/x', '')], 'leads out of the folder'],
    ['[A24] a path that leads out on a detour', [directory('a'), file('a/../../x', '')], 'not clean'],
    ['[A24] a path with a detour', [directory('a'), file('a/../b', '')], 'not clean'],
    ['a path with a null character', [file('a\0b', '')], 'null character'],
    ['no path', [file('', '')], 'no usable path'],
    ['[A26] a file in a link that came before', [linkTo('a', '/etc'), file('a/x', '')], 'was not listed'],
    ['a file in a file', [file('a', ''), file('a/x', '')], 'was not listed'],
    ['a file in a folder that was never listed', [file('a/x', '')], 'was not listed'],
    ['a name that comes twice', [directory('a'), linkTo('a', '/etc')], 'out of order'],
    ['names in disorder', [file('b', ''), file('a', '')], 'out of order'],
    ['[A25] a hard link out', [nameFor('a', '../../etc/passwd')], 'no file before it'],
    ['[A25] a hard link to an absolute path', [nameFor('a', '/etc/passwd')], 'no file before it'],
    [
      '[A25] a hard link to a symbolic link',
      [linkTo('a', '/etc/passwd'), nameFor('b', 'a')],
      'no file before it',
    ],
    ['[A25] a hard link to what comes later', [nameFor('a', 'b'), file('b', '')], 'no file before it'],
    ['a pipe', [{ path: 'a', mode: PIPE + 0o644 }], 'device or a pipe'],
  ];
  test.each(refused)('refuses %s', async (_, entries, why) => {
    const parent = await folder();
    const root = join(parent, 'out');
    await expect(sendFolder(root, entries)).rejects.toThrow(why);
    expect(await readdir(parent)).toEqual(['out']);
    expect((await readdir(root)).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  test.each([
    ['[A27] names that are one there', 'darwin', [file('Ä', ''), file('ä', '')], 'the name of another one'],
    ['a drive', 'win32', [file('c:x', '')], 'something else on Windows'],
    ['a separator in a name', 'win32', [file('a\\..\\b', '')], 'something else on Windows'],
    ['a device', 'win32', [directory('a'), file('a/nul.txt', '')], 'something else on Windows'],
  ] as const)('refuses %s on %s', (_, platform, entries, why) => {
    const check = entryOrder(platform);
    const problems = entries.map((entry) => check(packet({ type: STAT, stat: entry }).stat ?? never()));
    expect(problems.at(-1)).toContain(why);
    expect(problems.slice(0, -1).every((problem) => problem === undefined)).toBe(true);
  });

  test.each([
    ['more than it should have', 'xxxx', 'sent more'],
    ['less than it should have', 'x', 'sent only 1'],
  ])('refuses a file with %s', async (_, contents, why) => {
    const root = await folder();
    const wrong = { ...file('a', 'xx'), contents };
    await expect(sendFolder(root, [wrong])).rejects.toThrow(why);
    expect(await readdir(root)).toEqual([]);
  });

  test('refuses contents that were not asked for', async () => {
    const unasked = (answer: Packet): readonly Packet[] | undefined =>
      answer.type === REQUEST ? [packet({ type: CONTENTS, id: 9, data: Buffer.from('x') })] : undefined;
    await expect(sendFolder(await folder(), [file('a', 'x')], unasked)).rejects.toThrow('not asked for');
  });

  test('tells what the builder failed with', async () => {
    const failing = (answer: Packet): readonly Packet[] | undefined =>
      answer.type === REQUEST ? [packet({ type: ERROR, data: Buffer.from('no space') })] : undefined;
    const root = await folder();
    await expect(sendFolder(root, [file('a', 'x')], failing)).rejects.toThrow('the builder says: no space');
    expect(await readdir(root)).toEqual([]);
  });
});

function never(): never {
  throw new Error('there is an entry');
}
