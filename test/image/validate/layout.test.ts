import { mkdtemp, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  folderFiles,
  validateLayout,
  type LayoutFiles,
  type ValidateOptions,
} from '../../../src/image/index.ts';
import { digestOf } from '../../../src/oci/index.ts';
import type { Graph } from '../graph.ts';
import { pictured } from './images.ts';

type Files = Readonly<Record<string, string | Uint8Array | undefined>>;

const pathOf = (digest: string): string => `blobs/${digest.replace(':', '/')}`;

/** The files of a layout that holds a graph, and what is different there. */
function layoutOf(g: Graph, different: Files = {}): Files {
  const entry = { ...g.descriptor('top'), annotations: { 'org.opencontainers.image.ref.name': '1' } };
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [entry],
  };
  const blobs = [...g.nodes.values()].map(({ descriptor, bytes }) => [pathOf(descriptor.digest), bytes]);
  return {
    'oci-layout': '{"imageLayoutVersion":"1.0.0"}',
    'index.json': JSON.stringify(index),
    ...(Object.fromEntries(blobs) as Files),
    ...different,
  };
}

/** Files that are in memory. */
function filesOf(files: Files): LayoutFiles {
  return {
    async file(path) {
      const found = files[path];
      if (found === undefined) return undefined;
      const bytes = Buffer.from(found as string);
      return {
        size: bytes.length,
        async *read() {
          yield bytes;
        },
      };
    },
    async list(path) {
      const below = Object.keys(files).filter(
        (name) => name.startsWith(`${path}/`) && files[name] !== undefined,
      );
      return [...new Set(below.map((name) => name.slice(path.length + 1).split('/')[0] as string))];
    },
  };
}

const good = pictured();
const at = (name: string): string => pathOf(good.digest(name));

async function found(files: Files, options: ValidateOptions = {}, g: Graph = good) {
  const problems = await validateLayout(filesOf(files), options);
  return g
    .named(problems)
    .filter(({ rule }) => rule !== 'official' || options.official)
    .map(({ document, pointer, severity }) => [document, pointer, severity]);
}

test('there is nothing wrong with a good layout', async () => {
  for (const layers of ['resolve', 'read', 'unpack'] as const)
    expect(await found(layoutOf(good), { official: true, layers })).toEqual([]);
});

describe('its own files', () => {
  test.each<[string, Files, readonly string[]]>([
    ['no oci-layout', { 'oci-layout': undefined }, ['oci-layout', '', 'error']],
    [
      'an oci-layout of two documents',
      { 'oci-layout': '{"imageLayoutVersion":"1.0.0"}{}' },
      ['oci-layout', '', 'error'],
    ],
    [
      'an oci-layout of another version',
      { 'oci-layout': '{"imageLayoutVersion":"2"}' },
      ['oci-layout', '/imageLayoutVersion', 'error'],
    ],
    [
      'an index.json of another kind',
      { 'index.json': '{"schemaVersion":2,"layers":[]}' },
      ['index.json', '/manifests', 'error'],
    ],
    ['an index.json that is cut short', { 'index.json': '{"schemaVersion":2' }, ['index.json', '', 'error']],
    ['an index.json that is a list', { 'index.json': '[]' }, ['index.json', '', 'error']],
  ])('%s', async (_, different, problem) => {
    expect((await found(layoutOf(good, different)))[0]).toEqual(problem);
  });

  test('nothing at all', async () => {
    expect(await found({})).toEqual([
      ['oci-layout', '', 'error'],
      ['index.json', '', 'error'],
    ]);
  });
});

describe('blobs', () => {
  test('that are missing', async () => {
    expect(await found(layoutOf(good, { [at('layer')]: undefined }))).toEqual([
      ['image', '/layers/0/digest', 'error'],
    ]);
  });

  test('that are others than their name says', async () => {
    const files = layoutOf(good, { [at('plain')]: 'PLAIN' });
    expect(await found(files)).toEqual([['image', '/layers/1/digest', 'error']]);
    expect(await found(files, { layers: 'resolve' })).toEqual([]);
  });

  test('that nothing refers to', async () => {
    const stray = pathOf(digestOf(Buffer.from('stray')));
    const odd = 'blobs/sha256/odd';
    expect(await found(layoutOf(good, { [stray]: 'stray', [odd]: '' }))).toEqual([
      [stray, '', 'warning'],
      [odd, '', 'warning'],
    ]);
    expect(await found(layoutOf(good, { [stray]: 'other' }))).toEqual([
      [stray, '', 'warning'],
      [stray, '', 'error'],
    ]);
  });

  test('are not looked for where the descriptor is malformed', async () => {
    const bytes = JSON.stringify({ schemaVersion: 2, manifests: [{ digest: '../../etc/passwd', size: 1 }] });
    expect(await found({ 'oci-layout': '{"imageLayoutVersion":"1.0.0"}', 'index.json': bytes })).toEqual([
      ['index.json', '/manifests/0/mediaType', 'error'],
      ['index.json', '/manifests/0/digest', 'error'],
    ]);
  });
});

test('a layout on the disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-validate-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const [path, content = ''] of Object.entries(layoutOf(good, { 'blobs/README': 'not a folder' }))) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  expect(await validateLayout(folderFiles(folder), { official: true })).toEqual([]);
  // A folder in the place of a blob is no blob.
  await rm(join(folder, at('config')));
  await mkdir(join(folder, at('config')));
  await rm(join(folder, at('plain')));
  await symlink('nowhere', join(folder, at('plain')));
  const problems = good.named(await validateLayout(folderFiles(folder)));
  expect(problems).toMatchObject([
    { document: 'image', pointer: '/config/digest', message: 'is not there' },
    { document: 'image', pointer: '/layers/1/digest', message: 'is not there' },
  ]);
});

test('a run that is ended, ends', async () => {
  const asked = validateLayout(filesOf(layoutOf(good)), { signal: AbortSignal.abort(new Error('enough')) });
  await expect(asked).rejects.toThrow('enough');
});
