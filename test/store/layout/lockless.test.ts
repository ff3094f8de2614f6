/** Where there are no locks, nothing is written: two who do not see each other would lose what the other enters. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import locks from 'fs-native-extensions';
import { expect, onTestFinished, test, vi } from 'vitest';
import { layoutRegistry } from '../../../src/store/layout/index.ts';
import { temporaryFolder } from './folder.ts';
import { config, pushBlob } from './image.ts';

const folder = temporaryFolder();

test.each([
  ['the disk', 'ENOLCK', 'UNKNOWN', 'cannot lock a/.stowage/lock: ENOLCK (the disk has no locks)'],
  ['the platform', 'ENOSYS', 'UNSUPPORTED', 'layouts cannot be written here: no file locks for it'],
])('%s has none: that is said, and nothing written', async (_, system, code, message) => {
  const spy = vi.spyOn(locks, 'waitForLock').mockImplementation(async () => {
    throw Object.assign(new Error('no file locks for it'), { code: system });
  });
  onTestFinished(() => spy.mockRestore());
  await expect(pushBlob(layoutRegistry(folder()), 'a', config)).rejects.toMatchObject({ code, message });
  expect(await readdir(join(folder(), 'a'))).not.toContain('index.json');
});
