import { statfs } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { onDisk } from '../../../src/store/archive/failure.ts';
import type { Room } from '../../../src/store/archive/file/room.ts';
import { temporaryFolder } from '../layout/folder.ts';

const folder = temporaryFolder();

/** What is told when the system refuses to write to an archive. */
async function toldOf(code: string, room?: Room, file = `${folder()}/x.tar`): Promise<string> {
  const refused = Object.assign(new Error(code), { code, errno: -1, syscall: 'write' });
  const error = await onDisk(file, () => Promise.reject(refused), room).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'UNKNOWN', status: 500, cause: refused });
  return (error as Error).message.replace(/^cannot write the archive .*x\.tar: /, '');
}

test('a full disk is told with what wanted room there, how much, and how much there is', async () => {
  const { bsize } = await statfs(folder());
  const [told = '', free = ''] =
    /^(.*) (\d+) are free$/.exec(await toldOf('ENOSPC', { what: 'the new file', size: 1000 }))?.slice(1) ??
    [];
  expect(told).toBe(`ENOSPC (no space left on the disk); the new file takes 1000 bytes in ${folder()}, and`);
  expect(Number(free) % bsize).toBe(0);
  expect(Number(free)).toBeGreaterThan(bsize);
  expect(await toldOf('ENOSPC', { what: 'the new file', size: 1000, isAtMost: true })).toContain(
    'the new file takes up to 1000 bytes in ',
  );
  expect(await toldOf('ENOSPC', { what: 'its tar', folder: `${folder()}/nowhere` })).toBe(
    `ENOSPC (no space left on the disk); its tar takes room in ${folder()}/nowhere`,
  );
});

test('of a quota nobody knows how much is left, and other errors have nothing to do with room', async () => {
  const room = { what: 'the new file', size: 1000 };
  expect(await toldOf('EDQUOT', room)).toBe(
    `EDQUOT (the quota of the disk is used up); the new file takes 1000 bytes in ${folder()}`,
  );
  expect(await toldOf('EACCES', room)).toBe('EACCES (permission denied)');
  expect(await toldOf('ENOSPC')).toBe('ENOSPC (no space left on the disk)');
});
