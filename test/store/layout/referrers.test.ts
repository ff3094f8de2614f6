import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import type { Registry } from '../../../src/registry/index.ts';
import { layoutRegistry } from '../../../src/store/layout/index.ts';
import { temporaryFolder } from './folder.ts';
import { all, config, entry, image, index, pathOf, push, pushBlob, type Piece } from './image.ts';

const opened = vi.hoisted(() => ({ paths: [] as string[] }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const open: typeof real.open = (path, ...rest) => {
    opened.paths.push(String(path));
    return real.open(path, ...rest);
  };
  return { ...real, open };
});

const folder = temporaryFolder();
let registry: Registry;
beforeEach(async () => {
  registry = layoutRegistry(folder());
  await pushBlob(registry, 'a', config);
});

const subject = image('subject');
const referrer = (name: string, more: Readonly<Record<string, unknown>> = {}): Piece =>
  image(name, { subject: subject.descriptor, artifactType: 'application/x.signature', ...more });
const list = async (from: Registry = registry, artifactType?: string): Promise<readonly string[]> =>
  (
    await all(
      from.referrers('a', subject.descriptor.digest, { ...(artifactType !== undefined && { artifactType }) }),
    )
  ).map(({ digest }) => digest);
const sorted = (...pieces: Piece[]): readonly string[] =>
  pieces.map(({ descriptor }) => descriptor.digest).sort();
/** How many blobs were opened meanwhile. */
async function reads(work: () => Promise<unknown>): Promise<number> {
  opened.paths.length = 0;
  await work();
  return opened.paths.filter((path) => path.includes('/blobs/sha256/')).length;
}

test('come and go with what is pushed and deleted, subject or not', async () => {
  const [one, two] = [referrer('one'), referrer('two', { artifactType: 'application/x.sbom' })];
  expect(await list()).toEqual([]);
  await push(registry, 'a', one);
  await push(registry, 'a', two, 'v2');
  await push(registry, 'a', image('none'));
  expect(await list()).toEqual(sorted(one, two));
  expect(await list(registry, 'application/x.sbom')).toEqual(sorted(two));
  expect(await all(registry.referrers('a', subject.descriptor.digest))).toContainEqual({
    ...one.descriptor,
    annotations: { name: 'one' },
    artifactType: 'application/x.signature',
  });
  await registry.deleteManifest('a', 'v2');
  expect(await list()).toEqual(sorted(one, two));
  await registry.deleteManifest('a', two.descriptor.digest);
  expect(await list()).toEqual(sorted(one));
});

test('are read once, and then only those that are new', async () => {
  const many = Array.from({ length: 20 }, (_, at) => referrer(String(at)));
  for (const one of many) await push(registry, 'a', one);
  const fresh = layoutRegistry(folder());
  expect(await reads(() => list(fresh))).toBe(20);
  expect(await reads(() => list(fresh))).toBe(0);
  // Of another process: read by this one. Of this process: known without.
  const theirs = referrer('theirs');
  await push(registry, 'a', theirs);
  expect(await reads(() => list(fresh))).toBe(1);
  expect(await list(fresh)).toEqual(sorted(...many, theirs));
  const ours = referrer('ours');
  await push(fresh, 'a', ours);
  expect(await reads(() => list(fresh))).toBe(0);
  expect(await list(fresh)).toEqual(sorted(...many, theirs, ours));
  await registry.deleteManifest('a', theirs.descriptor.digest);
  expect(await reads(() => list(fresh))).toBe(0);
  expect(await list(fresh)).toEqual(sorted(...many, ours));
});

test('that only an index leads to count, while they are there', async () => {
  const one = referrer('one');
  const over = index([one], { subject: subject.descriptor });
  await push(registry, 'a', one);
  await push(registry, 'a', over, 'v1');
  const fresh = layoutRegistry(folder());
  expect(await list(fresh)).toEqual(sorted(one, over));
  await registry.deleteManifest('a', one.descriptor.digest);
  expect(await list()).toEqual(sorted(over));
  expect(await list(fresh)).toEqual(sorted(over));
  await push(registry, 'a', one);
  expect(await list()).toEqual(sorted(one, over));
  expect(await list(fresh)).toEqual(sorted(one, over));
});

test('that other tools wrote count, those that are damaged do not', async () => {
  const [one, two] = [referrer('one'), referrer('two')];
  await push(registry, 'a', one, 'v1');
  const file = join(folder(), 'a/index.json');
  const document = JSON.parse(await readFile(file, 'utf8')) as { manifests: unknown[] };
  document.manifests.push(entry(two));
  await writeFile(file, JSON.stringify(document));
  await writeFile(join(folder(), 'a', pathOf(two.descriptor.digest)), 'damaged');
  expect(await list()).toEqual(sorted(one));
  await writeFile(join(folder(), 'a', pathOf(two.descriptor.digest)), two.bytes);
  expect(await list()).toEqual(sorted(one, two));
});
