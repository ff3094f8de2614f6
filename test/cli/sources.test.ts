import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { expect, it, onTestFinished, test } from 'vitest';
import type { Json } from '../../src/oci/index.ts';
import { printed, printedCheaply } from '../builds/entries.ts';
import { sha } from '../builds/listed.ts';
import { stowage, type Ran } from './stowage.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'stowage-sources-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

const lines = (...documents: readonly Json[]): string =>
  documents.map((each) => JSON.stringify(each)).join('\n');

/** Runs the command with a stand-in for bashbrew, which prints `dear` when it is asked for that, and `cheap` otherwise. */
async function withBashbrew(
  {
    dear,
    cheap = '',
    fails = false,
  }: { readonly dear: string; readonly cheap?: string; readonly fails?: boolean },
  ...args: readonly string[]
): Promise<Ran & { readonly asked: readonly string[] }> {
  const bin = await folder();
  const script = [
    '#!/bin/sh',
    `cd '${bin}'`,
    'format=$4',
    'shift 4',
    'echo "$@ ($BASHBREW_ARCH_NAMESPACES)" >> asked',
    'case "$format" in *ArchGitChecksum*) cat dear ;; *) cat cheap ;; esac',
    ...(fails ? ['echo "no such library" >&2', 'exit 3'] : []),
  ];
  await writeFile(join(bin, 'bashbrew'), script.join('\n'));
  await chmod(join(bin, 'bashbrew'), 0o755);
  await writeFile(join(bin, 'dear'), dear);
  await writeFile(join(bin, 'cheap'), cheap);
  await writeFile(join(bin, 'pins.json'), '{}');
  const environment = {
    PATH: [bin, process.env['PATH']].join(delimiter),
    BASHBREW_ARCH_NAMESPACES: 'amd64 = amd64',
  };
  const ran = await stowage(['sources', '--pins', join(bin, 'pins.json'), ...args], { environment });
  const asked = await readFile(join(bin, 'asked'), 'utf8').catch(() => '');
  return { ...ran, asked: asked.split('\n').filter((line) => line !== '') };
}

const entries = [
  printed({ sourceId: '1', tags: ['a:1'], froms: ['alpine:3'] }),
  printed({ sourceId: '2', tags: ['b:1'], froms: ['a:1'], commit: 'beef' }),
];

test('asks bashbrew for everything, and prints sources', async () => {
  const { stdout, stderr, code, asked } = await withBashbrew({ dear: lines(...entries) });
  expect(code).toBe(0);
  expect(asked).toEqual(['--all (amd64 = amd64)']);
  expect(stderr).toBe('a:1 (amd64): 1\nb:1 (amd64): 2\n');
  expect(stdout).toMatch(/^\{\n\t"1": \{\n\t\t"sourceId": "1",\n/);
  expect(JSON.parse(stdout)).toMatchObject({
    1: { arches: { amd64: { parents: { 'alpine:3': { sourceId: null, pin: null } } } } },
    2: { arches: { amd64: { parents: { 'a:1': { sourceId: '1', pin: null } } } } },
  });
});

test('asks for what an earlier sources.json does not know, and for that alone', async () => {
  const before = join(await folder(), 'sources.json');
  await writeFile(before, JSON.stringify({ 1: entries[0] }));
  const cheap = lines(printedCheaply({ tags: ['a:1'] }), printedCheaply({ tags: ['b:1'], commit: 'beef' }));
  const dear = lines(...entries.slice(1));
  const { stdout, asked } = await withBashbrew({ dear, cheap }, '--cache-file', before, 'a', 'b');
  expect(asked).toEqual(['a b (amd64 = amd64)', 'b:1 (amd64 = amd64)']);
  const { stdout: fresh } = await withBashbrew({ dear: lines(...entries) });
  expect(stdout).toBe(fresh);
});

test('asks once where all is known', async () => {
  const before = join(await folder(), 'sources.json');
  await writeFile(before, JSON.stringify({ 1: entries[0] }));
  const cheap = printedCheaply({ tags: ['a:1'] });
  const { asked } = await withBashbrew({ dear: '', cheap: lines(cheap) }, '--cache-file', before);
  expect(asked).toEqual(['--all (amd64 = amd64)']);
});

test('bashbrew fails: its words, and nothing else', async () => {
  const { stdout, stderr, code } = await withBashbrew({ dear: '{"sourceId":', fails: true });
  expect({ stdout, code }).toEqual({ stdout: '', code: 1 });
  expect(stderr).toBe('no such library\nstowage: bashbrew failed (exit code 3)\n');
});

test('without bashbrew: where it is to be had', async () => {
  const { stdout, stderr, code } = await stowage(['sources', 'alpine'], {
    environment: { PATH: '/nowhere' },
  });
  expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
  expect(stderr).toContain('https://github.com/docker-library/bashbrew');
});

test('takes what bashbrew printed before, as a stream or as a list', async () => {
  const args = ['sources', '--entries', '-'];
  const stream = await stowage(args, { input: lines(...entries) });
  expect(Object.keys(JSON.parse(stream.stdout) as object)).toEqual(['1', '2']);
  expect(stream.stderr).toBe(
    'no image is pinned: there is no folder /nowhere/docker/official-images/.external-pins\n',
  );
  const list = await stowage(args, { input: JSON.stringify(entries) });
  expect(list.stdout).toBe(stream.stdout);
});

test('pins beside the library, those of a folder, and those of a file', async () => {
  const library = await folder();
  await mkdir(join(library, '.external-pins', 'library'), { recursive: true });
  await writeFile(join(library, '.external-pins', 'list.sh'), '#!/bin/sh');
  await writeFile(join(library, '.external-pins', 'library', 'alpine___3'), `${sha('alpine')}\n`);
  await writeFile(join(library, 'pins.json'), JSON.stringify({ 'alpine:3': sha('alpine') }));
  const input = lines(...entries);
  const pinned = async (...args: readonly string[]): Promise<Json> => {
    const environment = { BASHBREW_LIBRARY: join(library, 'library') };
    const { stdout } = await stowage(['sources', '--entries', '-', ...args], { input, environment });
    return (JSON.parse(stdout) as Record<string, { arches: Record<string, { parents: Json }> }>)['1']?.arches[
      'amd64'
    ]?.parents as Json;
  };
  const expected = { 'alpine:3': { sourceId: null, pin: sha('alpine') } };
  expect(await pinned()).toEqual(expected);
  expect(await pinned('--pins', join(library, '.external-pins'))).toEqual(expected);
  expect(await pinned('--pins', join(library, 'pins.json'))).toEqual(expected);
});

it.each([
  ['a document that is no source', '{"sourceId":null}\n{}', '-: document 1, line 1: /arches: want an object'],
  ['the second of two', `${lines(...entries)}\n\n[{}]`, '-: document 3, line 4: /0/arches: want an object'],
  ['what is no JSON', '{"a":}', '-: document 1, line 1: not valid JSON'],
  ['what ends in the middle', '{"a":', '-: document 1, line 1: ends in the middle'],
  ['what was not looked into', lines(printedCheaply()), '-: the sourceId of a:1 (amd64) is not known'],
])('2: %s', async (_, input, message) => {
  const { stdout, stderr, code } = await stowage(['sources', '--entries', '-'], { input });
  expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
  expect(stderr).toContain(`stowage: ${message}`);
});

test('2: names, and what was printed before', async () => {
  expect(await stowage(['sources', '--entries', '-', 'alpine'])).toMatchObject({ stdout: '', code: 2 });
});

test('2: pins and earlier sources that are none, by their names', async () => {
  const path = join(await folder(), 'bad.json');
  await writeFile(path, '{"a:1":"latest"}');
  const pins = await stowage(['sources', '--entries', '-', '--pins', path]);
  expect(pins).toMatchObject({ stdout: '', code: 2 });
  expect(pins.stderr).toBe(`stowage: ${path}: /a:1: not a digest: latest\n`);
  const before = await stowage(['sources', '--entries', '-', '--cache-file', path]);
  expect(before).toMatchObject({ stdout: '', code: 2 });
  expect(before.stderr).toContain(`stowage: ${path}: /a:1/arches: want an object\n`);
});
