/** Locks between processes. That they end with a process is shown by those who use them. */
import { mkdtemp, open, readdir, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import locks from 'fs-native-extensions';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { isStillAt, lockNow, systemCode, withLock } from '../../src/disk/index.ts';

let folder = '';
let path = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stowage-lock-'));
  path = join(folder, 'lock');
});
afterEach(() => rm(folder, { recursive: true }));

async function opened(): Promise<FileHandle> {
  const handle = await open(path, 'a+');
  onTestFinished(() => handle.close());
  return handle;
}

describe('withLock', () => {
  test('lets one in after the other, also in one process, and leaves the file', async () => {
    const order: string[] = [];
    const visit = (name: string) =>
      withLock(path, async () => {
        order.push(`${name} in`);
        await setImmediate();
        order.push(`${name} out`);
      });
    await Promise.all([visit('one'), visit('two'), visit('three')]);
    expect(order.map((line) => line.split(' ')[1])).toEqual(['in', 'out', 'in', 'out', 'in', 'out']);
    expect(await readdir(folder)).toEqual(['lock']);
  });

  test('gives the lock back when the work fails', async () => {
    const failing = withLock(path, () => Promise.reject(new Error('no more')));
    await expect(failing).rejects.toThrow('no more');
    expect(await withLock(path, async () => 'in')).toBe('in');
  });

  test('takes that of the file which is there, where somebody removed the one it waited for', async () => {
    const { waitForLock } = locks;
    const spy = vi.spyOn(locks, 'waitForLock').mockImplementationOnce(async (fd) => {
      await rm(path);
      await waitForLock(fd);
    });
    onTestFinished(() => spy.mockRestore());
    await withLock(path, async () => expect(await lockNow(await opened(), path)).toBe(false));
    expect(spy).toHaveBeenCalledTimes(2);
  });
});

test('a lock is that of who opened the file, and free when that is closed', async () => {
  const owner = await open(path, 'a+');
  expect(await lockNow(owner, path)).toBe(true);
  expect(await lockNow(await opened(), path)).toBe(false);
  await owner.close();
  expect(await lockNow(await opened(), path)).toBe(true);
});

test('a file that was removed, or replaced, is no longer at its path', async () => {
  const handle = await opened();
  expect(await isStillAt(handle, path)).toBe(true);
  await rm(path);
  expect(await isStillAt(handle, path)).toBe(false);
  await writeFile(path, '');
  expect(await isStillAt(handle, path)).toBe(false);
});

describe('a disk without locks', () => {
  test.each(['ENOLCK', 'ENOTSUP'])('says so as the system does: %s', async (code) => {
    const failing = (): never => {
      throw Object.assign(new Error('no locks available'), { code });
    };
    const spies = [
      vi.spyOn(locks, 'tryLock').mockImplementation(failing),
      vi.spyOn(locks, 'waitForLock').mockImplementation(failing),
    ];
    onTestFinished(() => spies.forEach((spy) => spy.mockRestore()));
    for (const asking of [lockNow(await opened(), path), withLock(path, async () => {})]) {
      const error: unknown = await asking.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code, syscall: 'lock', path });
      expect(systemCode(error)).toBe(code);
    }
  });

  test('as does a platform', async () => {
    vi.resetModules();
    vi.doMock('fs-native-extensions', () => {
      throw new Error('Cannot find addon');
    });
    onTestFinished(() => {
      vi.doUnmock('fs-native-extensions');
      vi.resetModules();
    });
    const { lockNow: lock } = await import('../../src/disk/index.ts');
    await expect(lock(await opened(), path)).rejects.toMatchObject({ code: 'ENOSYS', syscall: 'lock' });
  });
});
