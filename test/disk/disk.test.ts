import { execFileSync } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  cacheFolder,
  fileNameFor,
  isMissing,
  makeFolder,
  readBoundedFile,
  readPrivate,
  removeOlder,
  replaceFile,
  writePrivate,
} from '../../src/disk/index.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stowage-disk-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const at = (...names: string[]): string => join(folder, ...names);
const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
const bytes = (text: string): Buffer => Buffer.from(text);

describe('cacheFolder', () => {
  it.each([
    ['what it is told', 'linux', { STOWAGE_CACHE: '/own', XDG_CACHE_HOME: '/x' }, '/own'],
    ['the folder of the desktop', 'linux', { XDG_CACHE_HOME: '/x', HOME: '/home/me' }, '/x/stowage'],
    ['the home folder', 'linux', { HOME: '/home/me' }, '/home/me/.cache/stowage'],
    ['the Library', 'darwin', { HOME: '/Users/me' }, '/Users/me/Library/Caches/stowage'],
    ['the local data', 'win32', { LOCALAPPDATA: '/local' }, '/local/stowage/cache'],
  ] as const)('is %s', (_, platform, environment, folder) => {
    expect(cacheFolder({ platform, environment })).toBe(folder);
  });
});

describe('writePrivate', () => {
  it('makes a file, and folders, that nobody else reads', async () => {
    await writePrivate(at('a', 'b', 'secret'), 'x', { durable: true });
    expect(await modeOf(at('a', 'b', 'secret'))).toBe(0o600);
    expect(await modeOf(at('a'))).toBe(0o700);
    expect(await readPrivate(at('a', 'b', 'secret'), 10)).toEqual(bytes('x'));
    expect(await readdir(at('a', 'b'))).toEqual(['secret']);
  });

  it('replaces a link, and leaves alone what it leads to', async () => {
    await writeFile(at('target'), 'theirs');
    await symlink(at('target'), at('link'));
    await writePrivate(at('link'), 'ours');
    expect(await readFile(at('target'), 'utf8')).toBe('theirs');
    expect(await readFile(at('link'), 'utf8')).toBe('ours');
  });

  it('leaves nothing behind where it fails', async () => {
    await mkdir(at('taken'));
    await expect(writePrivate(at('taken'), 'x')).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['taken']);
  });
});

describe('readPrivate', () => {
  it('takes no file that others may have written, no link, and none that is too long', async () => {
    await writePrivate(at('secret'), 'four');
    await symlink(at('secret'), at('link'));
    expect(await readPrivate(at('link'), 10)).toBeUndefined();
    expect(await readPrivate(at('secret'), 3)).toBeUndefined();
    expect(await readPrivate(at('nothing'), 3)).toBeUndefined();
    await chmod(at('secret'), 0o644);
    expect(await readPrivate(at('secret'), 10)).toBeUndefined();
  });
});

describe('replaceFile', () => {
  it('keeps the mode of what it replaces, and follows a link', async () => {
    await writeFile(at('target'), 'before');
    await chmod(at('target'), 0o640);
    await symlink(at('target'), at('link'));
    await replaceFile(at('link'), ['af', bytes('ter')]);
    expect(await readFile(at('target'), 'utf8')).toBe('after');
    expect(await modeOf(at('target'))).toBe(0o640);
    expect(await readlink(at('link'))).toBe(at('target'));
    expect((await readdir(folder)).toSorted()).toEqual(['link', 'target']);
  });

  it('leaves what was there when the contents fail in the middle', async () => {
    await writeFile(at('file'), 'before');
    const contents = async function* (): AsyncGenerator<string> {
      yield 'half';
      throw new Error('no more');
    };
    await expect(replaceFile(at('file'), contents())).rejects.toThrow('no more');
    expect(await readFile(at('file'), 'utf8')).toBe('before');
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('writes to a pipe, which stays one', async () => {
    execFileSync('mkfifo', [at('pipe')]);
    const reading = readFile(at('pipe'), 'utf8');
    await replaceFile(at('pipe'), ['af', bytes('ter')]);
    expect(await reading).toBe('after');
    expect((await stat(at('pipe'))).isFIFO()).toBe(true);
  });
});

describe('readBoundedFile', () => {
  it('reads what is there, if it is not too long', async () => {
    await writeFile(at('file'), 'four');
    expect(await readBoundedFile(at('file'), 4)).toEqual(bytes('four'));
    expect(await readBoundedFile(at('file'), 3)).toBe('too long');
    expect(await readBoundedFile(at('nothing'), 3)).toBe('missing');
    expect(await readBoundedFile(at('file', 'below'), 3)).toBe('missing');
    await expect(readBoundedFile(folder, 3)).rejects.toThrow('EISDIR');
  });
});

describe('removeOlder', () => {
  it('removes what was not written for long, also in folders, and nothing that is elsewhere', async () => {
    await mkdir(at('kept', 'below'), { recursive: true });
    const [one, two] = [fileNameFor('1'), fileNameFor('2')].map((name) => `${name}.json`) as [string, string];
    const old = [at('kept', one), at('kept', 'below', one), at('elsewhere')];
    for (const path of [...old, at('kept', two)]) await writeFile(path, 'four');
    for (const path of old) await utimes(path, 1000, 1000);
    await symlink(at('elsewhere'), at('kept', `${fileNameFor('3')}.json`));
    expect(await removeOlder(at('kept'), 1_000_000)).toEqual({ removed: 0, freed: 0 });
    expect(await removeOlder(at('kept'), 1_000_001)).toEqual({ removed: 2, freed: 8 });
    expect((await readdir(at('kept'))).sort()).toEqual(['below', two, `${fileNameFor('3')}.json`].sort());
    expect(await readFile(at('elsewhere'), 'utf8')).toBe('four');
    expect(await removeOlder(at('nothing'), Infinity)).toEqual({ removed: 0, freed: 0 });
  });

  it('leaves what is named by others: somebody may have given us a folder that is not for us alone', async () => {
    const theirs = ['letter.txt', 'index.json', fileNameFor('a blob'), `x${fileNameFor('1')}.json`].sort();
    for (const name of theirs) await writeFile(at(name), 'theirs');
    expect(await removeOlder(folder, Infinity)).toEqual({ removed: 0, freed: 0 });
    expect((await readdir(folder)).sort()).toEqual(theirs);
  });
});

describe('makeFolder', () => {
  it('makes what is missing, and says where it began', async () => {
    expect(await makeFolder(at('a', 'b', 'c'), 0o750)).toBe(at('a'));
    expect(await modeOf(at('a', 'b'))).toBe(0o750);
    expect(await makeFolder(at('a', 'b', 'c'))).toBeUndefined();
  });

  it.runIf(process.platform === 'linux')('fails where the system makes no folders', async () => {
    await expect(makeFolder('/proc/stowage/x')).rejects.toThrow();
  });
});

it('a name for a file about something holds nothing of it', () => {
  expect(fileNameFor('../../etc/passwd')).toMatch(/^[0-9a-f]{64}$/);
});

it('that there is nothing at a path is told in two ways', () => {
  expect(['ENOENT', 'ENOTDIR', 'EACCES'].map((code) => isMissing({ code }))).toEqual([true, true, false]);
});
