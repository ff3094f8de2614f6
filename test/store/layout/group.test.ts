import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import type { Registry } from '../../../src/registry/index.ts';
import { createGroup } from '../../../src/store/layout/group.ts';
import { layoutRegistry } from '../../../src/store/layout/index.ts';
import { temporaryFolder } from './folder.ts';
import { all, config, image, index, push, pushBlob } from './image.ts';

const calls = vi.hoisted(() => ({ names: [] as string[], fail: '' }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const rename: typeof real.rename = async (from, to) => {
    calls.names.push(String(to));
    if (calls.fail !== '' && String(to).endsWith(calls.fail)) {
      throw Object.assign(new Error('no space'), {
        code: 'ENOSPC',
        errno: -28,
        syscall: 'rename',
        path: from,
        dest: to,
      });
    }
    await real.rename(from, to);
  };
  return { ...real, rename };
});

const folder = temporaryFolder();
let registry: Registry;
beforeEach(async () => {
  calls.names.length = 0;
  calls.fail = '';
  registry = layoutRegistry(folder());
  await pushBlob(registry, 'a', config);
});
const writes = (): number => calls.names.filter((name) => name.endsWith('index.json')).length;

test('changes that wait together are written together, each answered when it is written', async () => {
  const before = writes();
  const names = Array.from({ length: 200 }, (_, at) => `t${at}`);
  await Promise.all(
    names.map(async (name) => {
      await push(registry, 'a', image(name), name);
      expect(readFileSync(join(folder(), 'a/index.json'), 'utf8')).toContain(`"${name}"`);
    }),
  );
  expect(writes() - before).toBeLessThan(40);
  expect(await all(registry.tags('a'))).toEqual(names.sort());
});

test('all tags of a manifest are one change, and what changes nothing is not written', async () => {
  await push(registry, 'a', image('x'), 'v1', 'v2', 'v3');
  const before = writes();
  await push(registry, 'a', image('x'), 'v1', 'v3');
  expect(writes()).toBe(before);
  await push(registry, 'a', image('y'), 'v1', 'v2', 'v3');
  expect(writes()).toBe(before + 1);
});

test('an index that goes with one of its images does not bring that back', async () => {
  const [x, y] = [image('x'), image('y')];
  for (const each of [x, y, index([x, y])]) await push(registry, 'a', each);
  await Promise.all([
    // While this is written, the others come to wait together.
    push(registry, 'a', image('z'), 'z'),
    registry.deleteManifest('a', x.descriptor.digest),
    registry.deleteManifest('a', index([x, y]).descriptor.digest),
  ]);
  const { manifests } = JSON.parse(readFileSync(join(folder(), 'a/index.json'), 'utf8')) as {
    manifests: readonly { digest: string }[];
  };
  expect(manifests.map(({ digest }) => digest).sort()).toEqual(
    [y, image('z')].map(({ descriptor }) => descriptor.digest).sort(),
  );
});

test('one that fails does not fail the others', async () => {
  const results = await Promise.allSettled([
    push(registry, 'a', image('x'), 'x'),
    registry.deleteManifest('a', 'missing'),
    push(registry, 'a', image('y'), 'y'),
    registry.deleteManifest('a', image('missing').descriptor.digest),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
  expect(await all(registry.tags('a'))).toEqual(['x', 'y']);
});

test('a manifest that is deleted and pushed at once is there, or not, but whole', async () => {
  const one = image('one');
  const { digest } = one.descriptor;
  for (let round = 0; round < 20; round++) {
    await push(registry, 'a', one, 'v1');
    const again = [registry.deleteManifest('a', digest), push(registry, 'a', one, 'v1')];
    await Promise.allSettled(round % 2 === 0 ? again : again.reverse());
    const tags = await all(registry.tags('a'));
    if (tags.length > 0) expect(await (await registry.getManifest('a', 'v1')).bytes()).toEqual(one.bytes);
    else await expect(registry.getManifest('a', digest)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  }
});

test('a write that fails changes nothing, and all who waited for it are told', async () => {
  await push(registry, 'a', image('x'), 'x');
  calls.fail = 'index.json';
  const results = await Promise.allSettled(['y', 'z'].map((name) => push(registry, 'a', image(name), name)));
  for (const result of results) {
    expect(result).toMatchObject({
      status: 'rejected',
      reason: {
        code: 'UNKNOWN',
        status: 500,
        message: 'cannot rename a/index.json: ENOSPC (no space left on the disk)',
      },
    });
  }
  expect(await all(registry.tags('a'))).toEqual(['x']);
  calls.fail = '';
  await push(registry, 'a', image('y'), 'y');
  expect(await all(registry.tags('a'))).toEqual(['x', 'y']);
});

test('who gave up before waits for no turn, nor does who gives up while another one has it', async () => {
  const group = createGroup<undefined>(() => new Promise<void>(() => {}));
  void group.join(async () => {});
  const nothing = async (): Promise<void> => {};
  await expect(group.join(nothing, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  const controller = new AbortController();
  const joined = group.join(nothing, controller.signal);
  controller.abort(new Error('meanwhile'));
  await expect(joined).rejects.toThrow('meanwhile');
});
