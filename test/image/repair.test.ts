import { rmSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { repair, type Repair, type RepairSource } from '../../src/image/index.ts';
import { intercept, RegistryError, type Registry } from '../../src/registry/index.ts';
import { repairableLayout, singleLayout, verifyLayout, type Finding } from '../../src/store/layout/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { multi, noting } from './graph.ts';

/** A layout and a registry that have the same image, and ways to break the first. */
async function stage(): Promise<{
  readonly folder: string;
  readonly source: Registry;
  readonly notes: string[];
  file(name: string): string;
  repairFrom(...sources: readonly RepairSource[]): Promise<string[]>;
  findings(): Promise<string[]>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-repair-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await multi.push(singleLayout(folder), 'layout', { tags: { v1: 'index' } });
  const origin = memoryRegistry();
  await multi.push(origin, 'library/multi');
  const { registry, notes } = noting(origin, multi);
  return {
    folder,
    source: registry,
    notes,
    file: (name) => join(folder, 'blobs', multi.digest(name).replace(':', '/')),
    async repairFrom(...sources) {
      const outcomes: string[] = [];
      for await (const one of repair(repairableLayout(folder), () => sources, { concurrency: 1 }))
        outcomes.push(told(one));
      return outcomes;
    },
    async findings() {
      const found: Finding[] = [];
      for await (const finding of verifyLayout(folder)) found.push(finding);
      return found.map(({ kind, file }) => `${kind} ${multi.named(file.replace(/^blobs\/(\w+)\//, '$1:'))}`);
    },
  };
}

function told(one: Repair): string {
  const what = `${one.outcome} ${multi.named(one.descriptor.digest)}`;
  if (one.outcome === 'repaired') return `${what} from ${one.from}`;
  return [what, ...one.reasons.map(({ from, error }) => `${from}: ${(error as RegistryError).code}`)].join(
    '; ',
  );
}

const from = (registry: Registry, name = 'origin'): RepairSource => ({
  registry,
  repository: 'library/multi',
  name,
});

test('what is missing, wrong or no file is fetched by digest, and nothing else is asked for', async () => {
  const { file, repairFrom, source, notes, findings } = await stage();
  rmSync(file('amd-config'));
  writeFileSync(file('arm-layer'), 'other bytes');
  rmSync(file('amd-layer'));
  await mkdir(join(file('amd-layer'), 'inside'), { recursive: true });
  expect((await repairFrom(from(source))).sort()).toEqual([
    'repaired amd-config from origin',
    'repaired amd-layer from origin',
    'repaired arm-layer from origin',
  ]);
  expect([...notes].sort()).toEqual(['getBlob amd-config', 'getBlob amd-layer', 'getBlob arm-layer']);
  expect(await findings()).toEqual([]);
});

test('a manifest that came leads on: what it needs and is not there comes as well', async () => {
  const { file, repairFrom, source, findings } = await stage();
  for (const name of ['index', 'amd', 'amd-layer']) rmSync(file(name));
  expect(await repairFrom(from(source))).toEqual([
    'repaired index from origin',
    'repaired amd from origin',
    'repaired amd-layer from origin',
  ]);
  expect(await findings()).toEqual([]);
});

test('the next source is asked when one has it not, has other bytes, or cannot be reached', async () => {
  const { file, repairFrom, source, findings } = await stage();
  rmSync(file('amd-layer'));
  const unreachable = intercept(source, () => {
    throw new RegistryError('UNAVAILABLE', 'nobody answers');
  });
  const wrong: Registry = {
    ...source,
    getBlob: () => Promise.reject(new RegistryError('DIGEST_MISMATCH', 'other bytes')),
  };
  const sources = [from(unreachable, 'gone'), from(memoryRegistry(), 'empty'), from(wrong, 'wrong')];
  expect(await repairFrom(...sources)).toEqual([
    'lost amd-layer; gone: UNAVAILABLE; empty: NAME_UNKNOWN; wrong: DIGEST_MISMATCH',
  ]);
  expect(await findings()).toEqual(['missing amd-layer']);
  expect(await repairFrom(...sources, from(source))).toEqual(['repaired amd-layer from origin']);
});

test.each(['UNAUTHORIZED', 'DENIED', 'MANIFEST_UNKNOWN'] as const)(
  'a manifest that is refused as one (%s) is asked for as a blob, and the other way round',
  async (code) => {
    const { file, repairFrom, source, findings } = await stage();
    for (const name of ['amd', 'amd-layer']) rmSync(file(name));
    const refuse = (): Promise<never> => Promise.reject(new RegistryError(code, 'not for you'));
    const swapped: Registry = {
      ...source,
      getManifest: (_, reference) =>
        reference === multi.digest('amd')
          ? refuse()
          : source.getBlob('library/multi', multi.digest('amd-layer')),
      getBlob: (_, digest) =>
        digest === multi.digest('amd-layer')
          ? refuse()
          : source.getManifest('library/multi', multi.digest('amd')),
    };
    expect((await repairFrom(from(swapped))).sort()).toEqual([
      'repaired amd from origin',
      'repaired amd-layer from origin',
    ]);
    expect(await findings()).toEqual([]);
  },
);

test.each([
  ['DENIED', 'BLOB_UNKNOWN', ['getBlob', 'getManifest'], 'DENIED'],
  ['DENIED', 'UNAVAILABLE', ['getBlob', 'getManifest'], 'UNAVAILABLE'],
  ['UNAVAILABLE', 'MANIFEST_UNKNOWN', ['getBlob'], 'UNAVAILABLE'],
] as const)(
  'of a blob that is %s, and %s as a manifest, it says which counts',
  async (blob, manifest, asked, code) => {
    const { file, repairFrom, source } = await stage();
    rmSync(file('amd-layer'));
    const calls: string[] = [];
    const failing: Registry = {
      ...source,
      getBlob: () => {
        calls.push('getBlob');
        return Promise.reject(new RegistryError(blob, 'no'));
      },
      getManifest: () => {
        calls.push('getManifest');
        return Promise.reject(new RegistryError(manifest, 'no'));
      },
    };
    expect(await repairFrom(from(failing))).toEqual([`lost amd-layer; origin: ${code}`]);
    expect(calls).toEqual(asked);
  },
);

test('without a source it says what is lost, and repairs the rest', async () => {
  const { folder, file, source } = await stage();
  for (const name of ['amd-layer', 'arm-layer']) rmSync(file(name));
  const outcomes: Repair[] = [];
  const sourcesOf = ({ descriptor }: { descriptor: { digest: string } }): RepairSource[] =>
    descriptor.digest === multi.digest('amd-layer') ? [] : [from(source)];
  for await (const one of repair(repairableLayout(folder), sourcesOf)) outcomes.push(one);
  expect(outcomes.map(told).sort()).toEqual(['lost amd-layer', 'repaired arm-layer from origin']);
  expect(outcomes[0]?.names).toEqual(['v1']);
});

test('what is wrong otherwise is told, and left', async () => {
  const { folder } = await stage();
  await writeFile(join(folder, 'oci-layout'), '{}');
  const others: string[] = [];
  const layout = repairableLayout(folder, { onOther: ({ kind, file }) => others.push(`${kind} ${file}`) });
  for await (const _ of repair(layout, () => [])) throw new Error('there is nothing to fetch');
  expect(others).toEqual(['malformed oci-layout']);
});
