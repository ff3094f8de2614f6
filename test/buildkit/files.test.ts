import { Code, createClient } from '@connectrpc/connect';
import { execFile } from 'node:child_process';
import { chmod, link, mkdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createChannel } from '../../src/buildkit/files/channel.ts';
import { fileSync } from '../../src/buildkit/index.ts';
import { FileSync } from '../../src/buildkit/proto/filesync_pb.ts';
import type { Packet, Stat } from '../../src/buildkit/proto/fsutil_pb.ts';
import { folder, line, packet, text, wired, type Line } from './wired.ts';

const [STAT, REQUEST, CONTENTS, END, ERROR] = [0, 1, 2, 3, 4];

interface Sync {
  readonly said: Line<Packet>;
  readonly answers: AsyncIterator<Packet>;
}

/** Asks for a folder, as a builder does. */
async function ask(path: string, headers: Record<string, string> = {}): Promise<Sync> {
  const client = createClient(FileSync, await wired(fileSync(new Map([['context', path]]))));
  const said = line<Packet>();
  const stream = client.diffCopy(said, { headers: { 'dir-name': 'context', ...headers } });
  return { said, answers: stream[Symbol.asyncIterator]() };
}

/** All that is listed. */
async function listed({ answers }: Sync): Promise<readonly Stat[]> {
  const stats: Stat[] = [];
  for (;;) {
    const { done, value } = await answers.next();
    if (done === true || value.type !== STAT) throw new Error(`no listing: ${text(value?.data ?? [])}`);
    if (value.stat === undefined) return stats;
    stats.push(value.stat);
  }
}

async function paths(path: string, headers: Record<string, string> = {}): Promise<readonly string[]> {
  const sync = await ask(path, headers);
  const stats = await listed(sync);
  sync.said.say(packet({ type: END }));
  expect((await sync.answers.next()).value).toMatchObject({ type: END });
  expect(await sync.answers.next()).toMatchObject({ done: true });
  return stats.map((stat) => stat.path);
}

/** What a file has in it, as it is sent. */
async function contents(sync: Sync, id: number): Promise<string> {
  sync.said.say(packet({ type: REQUEST, id }));
  const pieces: Uint8Array[] = [];
  for (;;) {
    const { value } = await sync.answers.next();
    expect(value).toMatchObject({ type: CONTENTS, id });
    if (value.data.length === 0) return text(Buffer.concat(pieces));
    pieces.push(value.data);
  }
}

/** Files by their paths, with what is in them; a path that ends with a slash is a folder. */
async function tree(...files: readonly string[]): Promise<string> {
  const root = await folder();
  for (const file of files) {
    const place = join(root, file);
    await mkdir(file.endsWith('/') ? place : join(place, '..'), { recursive: true });
    if (!file.endsWith('/')) await writeFile(place, `in ${file}`);
  }
  return root;
}

describe('a folder is listed', () => {
  test('a folder before what is in it, names in the order of their bytes', async () => {
    // UTF-16, in which JavaScript compares, has the last two the other way round.
    const root = await tree('b', 'a/z', 'a-b', 'a.b', 'a/', 'B', 'é', '\uE000', '😀');
    expect(await paths(root)).toEqual(
      ['B', 'a', 'a/z', 'a-b', 'a.b', 'b', 'é', '\uE000', '😀'].toSorted(byNames),
    );
    expect((await paths(root)).slice(0, 5)).toEqual(['B', 'a', 'a/z', 'a-b', 'a.b']);
    expect((await paths(root)).slice(-2)).toEqual(['\uE000', '😀']);
  });

  test('with kinds and permissions as Go has them, times in nanoseconds, and no owners', async () => {
    const root = await tree('run', 'sub/');
    await symlink('../elsewhere', join(root, 'sub/link'));
    await chmod(join(root, 'run'), 0o4755);
    await chmod(join(root, 'sub'), 0o1777);
    await utimes(join(root, 'run'), 1, 1_600_000_000.5);
    const [run, sub, linked] = await listed(await ask(root));
    expect(run).toMatchObject({ path: 'run', size: 6n, modTime: 1_600_000_000_500_000_000n, uid: 0, gid: 0 });
    expect(run?.mode).toBe(0o755 + 2 ** 23);
    expect([sub?.mode, sub?.size]).toEqual([0o777 + 2 ** 31 + 2 ** 20, 0n]);
    expect([linked?.mode, linked?.linkname]).toEqual([0o777 + 2 ** 27, '../elsewhere']);
  });

  test('other names of a file are links to the first that is sent', async () => {
    const root = await tree('b');
    await link(join(root, 'b'), join(root, 'a'));
    await link(join(root, 'b'), join(root, 'c'));
    const names = async (headers: Record<string, string>): Promise<readonly (readonly string[])[]> =>
      (await listed(await ask(root, headers))).map(({ path, linkname }) => [path, linkname]);
    expect(await names({})).toEqual([
      ['a', ''],
      ['b', 'a'],
      ['c', 'a'],
    ]);
    expect(await names({ 'exclude-patterns': 'a' })).toEqual([
      ['b', ''],
      ['c', 'b'],
    ]);
  });

  test('a socket is an empty file', async () => {
    const root = await tree();
    const server = createServer().listen(join(root, 'sock'));
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const sync = await ask(root);
    const [sock] = await listed(sync);
    expect([sock?.path, (sock?.mode ?? 0) >>> 9]).toEqual(['sock', 0]);
    expect(await contents(sync, 0)).toBe('');
  });

  test('many files in many folders, each once, in order', async () => {
    const random = randomNumbers(3);
    const names = ['a', 'b', 'aa', 'a-', 'a.', 'é', 'A', '😀', '\uFFFD'];
    const made = Array.from({ length: 200 }, () =>
      Array.from(
        { length: 1 + Math.floor(random() * 3) },
        () => `${names[Math.floor(random() * names.length)]}${Math.floor(random() * 3)}`,
      ).join('/'),
    );
    const files = made.filter((path) => !made.some((other) => other.startsWith(`${path}/`)));
    const found = await paths(await tree(...new Set(files)));
    expect(found).toEqual([...found].toSorted(byNames));
    expect(new Set(found).size).toBe(found.length);
    expect(found).toEqual(expect.arrayContaining(files));
  });

  test('a name that is not UTF-8 is told of, and can be excluded', async () => {
    const root = await tree('a');
    await writeFile(Buffer.concat([Buffer.from(`${root}/x`), Buffer.from([0xff])]), '');
    await expect(paths(root)).rejects.toThrow('not UTF-8');
    expect(await paths(root, { 'exclude-patterns': 'x*' })).toEqual(['a']);
  });
});

describe('of a folder, what is asked for', () => {
  const files = ['a.md', 'docs/one.md', 'docs/two.txt', 'lib/deep/er/x.ts', 'lib/y.ts', 'top.ts'];

  test.each([
    ['include-patterns', 'docs', ['docs', 'docs/one.md', 'docs/two.txt']],
    ['include-patterns', '**/x.ts', ['lib', 'lib/deep', 'lib/deep/er', 'lib/deep/er/x.ts']],
    ['include-patterns', 'lib/y.ts, *.md', ['a.md', 'lib', 'lib/y.ts']],
    ['exclude-patterns', 'lib, **/*.md', ['docs', 'docs/two.txt', 'top.ts']],
    ['exclude-patterns', '*, !lib/deep', ['lib', 'lib/deep', 'lib/deep/er', 'lib/deep/er/x.ts']],
    ['exclude-patterns', '**, !docs/*.txt', ['docs', 'docs/two.txt']],
    ['followpaths', 'docs/one.md', ['docs', 'docs/one.md']],
    [
      'followpaths',
      '.',
      [
        'a.md',
        'docs',
        'docs/one.md',
        'docs/two.txt',
        'lib',
        'lib/deep',
        'lib/deep/er',
        'lib/deep/er/x.ts',
        'lib/y.ts',
        'top.ts',
      ],
    ],
    ['followpaths', '*.ts', ['top.ts']],
  ])('%s: %s', async (header, value, expected) => {
    expect(await paths(await tree(...files), { [header]: value })).toEqual(expected);
  });

  test('in other letters than those of ASCII, which come encoded', async () => {
    const root = await tree('é, è/x+y', 'e');
    const headers = { 'include-patterns': '%C3%A9%2C+%C3%A8%2Fx%2By', 'include-patterns-encoded': '1' };
    expect(await paths(root, headers)).toEqual(['é, è', 'é, è/x+y']);
  });

  test('with what links lead to, which is never outside', async () => {
    const root = await tree('releases/3/app', 'releases/2/app', 'other');
    await symlink('releases/3', join(root, 'current'));
    await symlink('/../../current/app', join(root, 'app'));
    await symlink('loop', join(root, 'loop'));
    expect(await paths(root, { followpaths: 'app, loop' })).toEqual([
      'app',
      'current',
      'loop',
      'releases',
      'releases/3',
      'releases/3/app',
    ]);
  });

  test('a pattern that is none is refused', async () => {
    const failure = paths(await tree('a'), { 'exclude-patterns': '[' });
    await expect(failure).rejects.toMatchObject({ code: Code.InvalidArgument });
    await expect(failure).rejects.toThrow('not a pattern: "["');
  });
});

describe('contents are sent', () => {
  test('when they are asked for, in any order, and once', async () => {
    const sync = await ask(await tree('a', 'b', 'sub/c'));
    await listed(sync);
    expect(await contents(sync, 3)).toBe('in sub/c');
    expect(await contents(sync, 0)).toBe('in a');
    sync.said.say(packet({ type: REQUEST, id: 0 }));
    expect((await sync.answers.next()).value).toMatchObject({ type: ERROR });
    await expect(sync.answers.next()).rejects.toThrow('asks for file 0');
  });

  test.each([
    ['a folder', 1],
    ['what was never told of', 7],
  ])('not of %s', async (_, id) => {
    const sync = await ask(await tree('a', 'sub/'));
    await listed(sync);
    sync.said.say(packet({ type: REQUEST, id }));
    expect((await sync.answers.next()).value).toMatchObject({ type: ERROR });
    await expect(sync.answers.next()).rejects.toThrow(`asks for file ${id}`);
  });

  test.each([
    ['a file that has gone', async (root: string) => rm(join(root, 'sub/a'))],
    [
      'a file that has become a link',
      async (root: string) => {
        await rm(join(root, 'sub/a'));
        await symlink('/etc/hostname', join(root, 'sub/a'));
      },
    ],
    [
      'a file whose folder has become a link',
      async (root: string) => {
        await rename(join(root, 'sub'), join(root, 'moved'));
        await symlink(await tree('a'), join(root, 'sub'));
      },
    ],
    [
      'a file that has become a pipe, which nobody writes to',
      async (root: string) => {
        await rm(join(root, 'sub/a'));
        await promisify(execFile)('mkfifo', [join(root, 'sub/a')]);
      },
    ],
    [
      'a file that has become a folder',
      async (root: string) => {
        await rm(join(root, 'sub/a'));
        await mkdir(join(root, 'sub/a'));
      },
    ],
  ])('not of %s: the builder is told, and so are we', async (_, change) => {
    const root = await tree('sub/a');
    const sync = await ask(root);
    await listed(sync);
    await change(root);
    sync.said.say(packet({ type: REQUEST, id: 1 }));
    const { value } = await sync.answers.next();
    expect([value.type, text(value.data)]).toEqual([ERROR, expect.stringContaining('sub/a was there')]);
    await expect(sync.answers.next()).rejects.toThrow('sub/a was there');
  });

  test('of a file that has taken the place of the one that was listed, as editors save', async () => {
    const root = await tree('sub/a');
    const sync = await ask(root);
    await listed(sync);
    await writeFile(join(root, 'sub/new'), 'saved meanwhile');
    await rename(join(root, 'sub/new'), join(root, 'sub/a'));
    expect(await contents(sync, 1)).toBe('saved meanwhile');
  });

  test('of a file of any size, no faster than they are taken', async () => {
    const root = await tree('big');
    await truncate(join(root, 'big'), 512 * 1024 * 1024);
    const sync = await ask(root);
    await listed(sync);
    const before = process.memoryUsage().rss;
    sync.said.say(packet({ type: REQUEST, id: 0 }));
    for (let count = 0; count < 4; count += 1)
      expect((await sync.answers.next()).value.data.length).toBe(256 * 1024);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    await sync.answers.return?.();
    sync.said.hangUp();
  });
});

test('a folder that was not named is not for the builder', async () => {
  const failure = paths(await tree('a'), { 'dir-name': 'home' });
  await expect(failure).rejects.toMatchObject({ code: Code.NotFound });
  await expect(failure).rejects.toThrow('no access allowed to dir "home"');
});

test('a folder that is not there is named', async () => {
  const root = await tree('file');
  await expect(paths(join(root, 'none'))).rejects.toThrow(`there is no folder ${root}/none`);
  await expect(paths(join(root, 'file'))).rejects.toThrow('is not a folder');
});

test('what the builder fails with ends it', async () => {
  const sync = await ask(await tree('a'));
  await listed(sync);
  sync.said.say(packet({ type: ERROR, data: Buffer.from('disk full') }));
  expect((await sync.answers.next()).value.type).toBe(ERROR);
  await expect(sync.answers.next()).rejects.toThrow('the builder says: disk full');
});

test('whoever puts something into a queue waits while it is full, and what is in it is not lost', async () => {
  const queue = createChannel<number>(2);
  let put = 0;
  const putting = (async () => {
    for (; put < 5; put += 1) await queue.put(put);
    queue.end({ error: new Error('the end') });
  })();
  await new Promise((resolve) => setImmediate(resolve));
  expect(put).toBe(2);
  const taken: number[] = [];
  const take = async (): Promise<void> => {
    for await (const each of queue) taken.push(each);
  };
  await expect(take()).rejects.toThrow('the end');
  await putting;
  expect(taken).toEqual([0, 1, 2, 3, 4]);
});

/** Folder by folder, in bytes. */
function byNames(one: string, other: string): number {
  const [a, b] = [one.split('/'), other.split('/')];
  const at = a.findIndex((name, index) => name !== b[index]);
  if (at < 0 || b[at] === undefined) return a.length - b.length;
  return Buffer.compare(Buffer.from(a[at] ?? ''), Buffer.from(b[at]));
}

/** The same numbers each time. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
