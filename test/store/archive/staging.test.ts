import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createStaging } from '../../../src/store/archive/file/staging.ts';
import { archiveRegistry } from '../../../src/store/archive/index.ts';
import { temporaryFolder } from '../layout/folder.ts';
import { config, pushBlob } from '../layout/image.ts';

const HOUR = 60 * 60 * 1000;

describe('the private folder beside an archive', () => {
  const folder = temporaryFolder();

  test('is made with the first file, and goes with all of them', async () => {
    const staging = createStaging(join(folder(), 'x.tar'));
    expect(await readdir(folder())).toEqual([]);
    await writeFile(await staging.newFile(), 'x');
    expect(await readdir(folder())).toEqual([expect.stringMatching(/^\.x\.tar\.stowage-\d+-[0-9a-f]{16}$/)]);
    await staging.close();
    expect(await readdir(folder())).toEqual([]);
  });

  test('has each blob once, and nothing of what failed or was given up', async () => {
    const archive = archiveRegistry(join(folder(), 'x.tar'), { format: 'oci' });
    const staged = async (): Promise<number> => (await readdir(folder(), { recursive: true })).length - 1;
    for (let time = 0; time < 2; time++) {
      await pushBlob(archive, 'archive', config);
      expect(await staged()).toBe(1);
    }
    const upload = await archive.startUpload('archive');
    expect(await staged()).toBe(2);
    await expect(upload.commit(config.descriptor.digest)).rejects.toMatchObject({ code: 'DIGEST_INVALID' });
    await (await archive.startUpload('archive')).cancel();
    const wrong = archive.pushBlob('archive', config.descriptor, Buffer.from('something else'));
    await expect(wrong).rejects.toMatchObject({ code: 'SIZE_INVALID' });
    expect(await staged()).toBe(1);
    await archive.close();
    expect(await readdir(folder())).toEqual([]);
  });

  test('keeps no name of what an archive is decompressed to', async () => {
    const staging = createStaging(join(folder(), 'x.tar'));
    const { handle, remove } = await staging.unnamed();
    await handle.writeFile('x');
    if (process.platform !== 'win32') expect(await readdir(folder())).toEqual([]);
    await handle.close();
    await remove();
    expect(await readdir(folder())).toEqual([]);
  });

  test('removes, after a day, what processes left behind that were killed', async () => {
    const killed = '.x.tar.stowage-999999999-0011223344556677';
    const unfinished = 'x.tar.00000000-0000-4000-8000-000000000000.tmp';
    const alive = `.x.tar.stowage-${process.ppid}-0011223344556677`;
    const ofAnother = '.y.tar.stowage-999999999-0011223344556677';
    for (const name of [killed, alive, ofAnother]) {
      await mkdir(join(folder(), name));
      await writeFile(join(folder(), name, 'blob'), 'x');
    }
    for (const name of [unfinished, 'x.tar', 'x.tar.tmp']) await writeFile(join(folder(), name), 'x');
    const everything = await readdir(folder());

    const after = async (hours: number): Promise<string[]> => {
      const staging = createStaging(join(folder(), 'x.tar'), () => Date.now() + hours * HOUR);
      await staging.newFile();
      await staging.close();
      return readdir(folder());
    };
    expect(await after(23)).toEqual(everything);
    expect(await after(25)).toEqual(everything.filter((name) => name !== killed && name !== unfinished));
  });
});
