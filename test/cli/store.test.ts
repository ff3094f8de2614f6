import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createPlaces } from '../../src/place/index.ts';
import { multi } from '../image/graph.ts';
import { stowage } from './stowage.ts';

/** A folder with two layouts: `good` has an image by the name of `app:1`, `other` one by that of `app:2`. */
async function layouts(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-store-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const push = async (layout: string, tag: string, node: string): Promise<void> => {
    const { registry, repository } = createPlaces().open(`oci-layout:${join(folder, layout)}::app:${tag}`);
    await multi.push(registry, repository, { tags: { [tag]: node } });
  };
  await push('good', '1', 'index');
  await push('other', '2', 'amd');
  return folder;
}

test('a store by flag, and by the settings: oci-layout://STORE/NAME', async () => {
  const folder = await layouts();
  const settings = join(folder, 'registries.json');
  await writeFile(settings, JSON.stringify({ stores: { mine: 'good' } }));
  for (const flags of [
    ['--store', `mine=${folder}/good`],
    ['--registry-config', settings],
  ])
    for (const reference of ['oci-layout://mine/app:1', 'oci-layout://mine:1', 'oci-layout://mine'])
      expect((await stowage(['lookup', '--digest', ...flags, reference])).stdout).toBe(
        `${multi.digest('index')}\n`,
      );
});

test('[layout 43] a store without a folder is refused', async () => {
  const { code, stderr } = await stowage(['lookup', '--store', 'mine', 'oci-layout://mine']);
  expect(code).toBe(2);
  expect(stderr).toContain('NAME=DIR');
});

test('[layout 44] of a store that is named twice, the last one counts', async () => {
  const folder = await layouts();
  const stores = ['--store', `mine=${folder}/good`, '--store', `mine=${folder}/other`];
  expect((await stowage(['lookup', '--digest', ...stores, 'oci-layout://mine/app:2'])).stdout).toBe(
    `${multi.digest('amd')}\n`,
  );
});

test('[layout 45] a store whose folder is not there is told of, and not made', async () => {
  const folder = await layouts();
  const missing = join(folder, 'missing');
  const { code, stderr } = await stowage(['lookup', '--store', `mine=${missing}`, 'oci-layout://mine/app']);
  expect(code).toBe(3);
  expect(stderr).toContain(`${missing}: there is no such folder`);
  await expect(access(missing)).rejects.toThrow('ENOENT');
});
