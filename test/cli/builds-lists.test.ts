import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, test } from 'vitest';
import { commandsFor, deployDocuments } from '../../src/builds/index.ts';
import { formatJson } from '../../src/json/index.ts';
import { all, buildsJson, listed, listedBuild, sha, type BuildFixture } from '../builds/listed.ts';
import { stowage } from './stowage.ts';

/** A file of its own folder, which is gone after the test. */
async function file(contents: string, name = 'builds.json'): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-builds-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, name);
  await writeFile(path, contents);
  return path;
}

const amd: BuildFixture = { id: 'a-amd', tags: ['a:1'] };
const arm: BuildFixture = { id: 'a-arm', arch: 'arm64v8', tags: ['a:1'] };
const missing: BuildFixture = { id: 'b-amd', tags: ['b:1'], images: null };
const builds = (): Promise<string> => file(buildsJson(amd, arm, missing));

test('status: a table, or JSON', async () => {
  const path = await builds();
  expect(await stowage(['builds', 'status', path])).toEqual({
    stdout:
      'ARCH     BUILT  NEEDED\namd64        1       1\narm64v8      1       0\nall          2       1\n',
    stderr: '',
    code: 0,
  });
  const { stdout } = await stowage(['builds', 'status', '--json', path]);
  expect(JSON.parse(stdout)).toEqual({
    arches: { amd64: { built: 1, needed: 1 }, arm64v8: { built: 1, needed: 0 } },
    total: { built: 2, needed: 1 },
  });
});

test('status --sources: what has to wait, too', async () => {
  const sources = { x: { sourceId: 'x', arches: { s390x: { tags: ['x:1'], parents: {} } } } };
  const path = await file(JSON.stringify(sources), 'sources.json');
  const { stdout } = await stowage(['builds', 'status', '--sources', path, await builds()]);
  expect(stdout.split('\n').map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
    'ARCH BUILT NEEDED WAITING',
    'amd64 1 1 0',
    'arm64v8 1 0 0',
    's390x 0 0 1',
    'all 2 1 1',
    '',
  ]);
});

describe('deploy', () => {
  test('prints documents, one after the other', async () => {
    const { stdout, stderr, code } = await stowage(['builds', 'deploy', '-'], {
      input: buildsJson(amd, arm),
    });
    const documents = await all(deployDocuments(listed(amd, arm)));
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(documents).toHaveLength(3);
    expect(stdout).toBe(documents.map((document) => `${formatJson(document)}\n`).join(''));
  });

  test('--arch --past: of one architecture, what has changed since', async () => {
    const before = await stowage(['builds', 'deploy', '--arch', 'amd64', await builds()]);
    const past = await file(before.stdout, 'past.json');
    const again = await stowage(['builds', 'deploy', '--arch', 'amd64', '--past', past, await builds()]);
    expect(again).toEqual({ stdout: '', stderr: '', code: 0 });
    const built = await file(buildsJson(amd, arm, { ...missing, images: ['b'] }));
    const { stdout } = await stowage(['builds', 'deploy', '--arch', 'amd64', '--past', past, built]);
    expect(JSON.parse(stdout)).toMatchObject({ refs: ['amd64/b:1'] });
  });

  test('--arch: says that there is nothing of it', async () => {
    const path = await file('{}');
    expect(await stowage(['builds', 'deploy', '--arch', 'amd', path])).toEqual({
      stdout: '',
      stderr: `${path} has no build for amd\n`,
      code: 0,
    });
  });

  test('--past: the first time, there is none', async () => {
    const { stdout, stderr, code } = await stowage([
      'builds',
      'deploy',
      '--past',
      '/nowhere.json',
      await builds(),
    ]);
    expect({ stderr, code }).toEqual({
      stderr: '/nowhere.json is not there yet: nothing is known of earlier runs\n',
      code: 0,
    });
    expect(stdout).not.toBe('');
  });
});

describe('queue', () => {
  test('prints what is to be built, and keeps a record of it', async () => {
    const path = await builds();
    const record = join(path, '..', 'jobs.json');
    const run = (now: number): ReturnType<typeof stowage> =>
      stowage([
        'builds',
        'queue',
        '--arch',
        'amd64',
        '--past',
        record,
        '--record',
        record,
        '--now',
        String(now),
        path,
      ]);
    const first = await run(1000);
    expect(first.stderr.split('\n')[1]).toBe('amd64: 1 to be built, 0 skipped after they failed');
    expect(JSON.parse(first.stdout)).toMatchObject([{ buildId: 'b-amd', identifier: 'b:1' }]);
    expect(await readFile(record, 'utf8')).toBe(
      '{\n\t"b-amd": {\n\t\t"count": 1,\n\t\t"skip": false,\n\t\t"identifier": "b:1"\n\t}\n}\n',
    );
    const completed = await stowage(['builds', 'completed', '--record', record, '-'], {
      input: '{"b-amd":{"lastTime":1001.5,"url":"https://ci/1"}}',
    });
    expect(completed).toEqual({ stdout: '', stderr: `1 build entered into ${record}\n`, code: 0 });
    expect(await run(1002)).toMatchObject({ stderr: 'amd64: 1 to be built, 0 skipped after they failed\n' });
    expect(await run(1003)).toEqual({
      stdout: '[]\n',
      stderr: 'amd64: 0 to be built, 1 skipped after they failed\n',
      code: 0,
    });
    expect(JSON.parse(await readFile(record, 'utf8'))).toEqual({
      'b-amd': {
        count: 2,
        skip: true,
        identifier: 'b:1',
        lastTime: 1001.5,
        url: 'https://ci/1',
        firstTime: 1001.5,
      },
    });
  });

  test('a record that is none stays as it is', async () => {
    const record = await file('{"b-amd":{"count":"two"}}', 'jobs.json');
    const path = await builds();
    const queued = await stowage([
      'builds',
      'queue',
      '--arch',
      'amd64',
      '--past',
      record,
      '--record',
      record,
      path,
    ]);
    expect(queued).toEqual({
      stdout: '',
      stderr: `stowage: ${record}: /b-amd/count: want a number\n`,
      code: 2,
    });
    const completed = await stowage(['builds', 'completed', '--record', record, '-'], { input: '{}' });
    expect(completed).toMatchObject({ stdout: '', code: 2 });
    expect(await readFile(record, 'utf8')).toBe('{"b-amd":{"count":"two"}}');
  });

  test('says that there is nothing of an architecture', async () => {
    const path = await builds();
    expect(await stowage(['builds', 'queue', '--arch', 'amd', path])).toEqual({
      stdout: '[]\n',
      stderr: `amd: 0 to be built, 0 skipped after they failed\n${path} has no build for amd, only for amd64, arm64v8\n`,
      code: 0,
    });
    const done = await stowage(['builds', 'queue', '--arch', 'arm64v8', path]);
    expect(done.stderr).toBe('arm64v8: 0 to be built, 0 skipped after they failed\n');
  });

  test('wants an architecture', async () => {
    expect(await stowage(['builds', 'queue', await builds()])).toMatchObject({ stdout: '', code: 2 });
  });
});

describe('commands', () => {
  const environment = { SOURCE_DATE_EPOCH: '86400' };

  test('of all builds, by their ids', async () => {
    const { stdout, code } = await stowage(['builds', 'commands', await builds()], { environment });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      'a-amd': commandsFor(await listedBuild(amd), 86_400),
      'a-arm': commandsFor(await listedBuild(arm), 86_400),
      'b-amd': commandsFor(await listedBuild(missing), 86_400),
    });
  });

  test('from standard input, which cannot be read twice, the same', async () => {
    const [path, input] = [await builds(), buildsJson(amd, arm, missing)];
    for (const flags of [[], ['--shell']]) {
      const read = await stowage(['builds', 'commands', ...flags, path], { environment });
      expect(await stowage(['builds', 'commands', ...flags, '-'], { input, environment })).toEqual(read);
    }
  });

  test('none, where the last build of all has none', async () => {
    const bad = buildsJson(amd, arm, { ...missing, entry: { Builder: 'kaniko' } });
    const path = await file(bad);
    const message = '/b-amd/source/entries/0/Builder: not a builder: kaniko';
    const read = await stowage(['builds', 'commands', path], { environment });
    expect(read).toEqual({ stdout: '', stderr: `stowage: ${path}: ${message}\n`, code: 2 });
    const piped = await stowage(['builds', 'commands', '-'], { input: bad, environment });
    expect(piped).toEqual({ stdout: '', stderr: `stowage: -: ${message}\n`, code: 2 });
  });

  test('of no builds', async () => {
    const { stdout } = await stowage(['builds', 'commands', '-'], { input: '{}', environment });
    expect(stdout).toBe('{}\n');
  });

  test('of some, in the order in which they were asked for', async () => {
    const args = ['builds', 'commands', await builds(), 'b-amd', 'a-amd'];
    const { stdout } = await stowage(args, { environment });
    const [first, second] = [
      commandsFor(await listedBuild(missing), 86_400),
      commandsFor(await listedBuild(amd), 86_400),
    ];
    expect(stdout).toBe(`${JSON.stringify(first, null, '\t')}\n${JSON.stringify(second, null, '\t')}\n`);
  });

  test('--shell: a script', async () => {
    const { stdout } = await stowage(['builds', 'commands', '--shell', await builds(), 'a-amd'], {
      environment,
    });
    const { build, push } = commandsFor(await listedBuild(amd), 86_400);
    expect(stdout).toBe(`#!/usr/bin/env bash\nset -Eeuo pipefail\n\n# a:1 [amd64]\n${build}\n${push}\n`);
  });

  test('--shell: names are comments, whatever is in them', async () => {
    const evil = await file(buildsJson({ ...amd, tags: ['a:1\nrm -rf .'] }));
    const { stdout } = await stowage(['builds', 'commands', '--shell', evil], { environment });
    expect(stdout).toContain(String.raw`# a:1\x0arm -rf . [amd64]`);
  });

  it.each([
    ['a build that is not there', { SOURCE_DATE_EPOCH: '0' }, 'there is no build c'],
    [
      'a time that is none',
      { SOURCE_DATE_EPOCH: 'today' },
      'SOURCE_DATE_EPOCH is no number of seconds: today',
    ],
  ])('refuses %s', async (_, wrong, message) => {
    const args = ['builds', 'commands', await builds(), 'a-amd', 'c'];
    const { stdout, stderr, code } = await stowage(args, { environment: wrong });
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toContain(message);
  });
});

describe('provenance', () => {
  const github = {
    token: 'ghs_secret',
    event_name: 'workflow_dispatch',
    ref: 'main',
    repository: 'r',
    run_attempt: '2',
    run_id: '99',
    server_url: 'https://github.com',
    sha: 'cafe',
    workflow_ref: 'r/build.yml@main',
    workflow_sha: 'f00d',
  };
  const args = async (): Promise<readonly string[]> => {
    const runner = ['--runner', await file('{"environment":"here"}')];
    const build = ['--build-id', 'a-amd', '--digest', sha('a')];
    return ['builds', 'provenance', ...build, '--github', '-', ...runner, await builds()];
  };

  test('prints a statement, and no secret', async () => {
    const { stdout, stderr, code } = await stowage(await args(), { input: JSON.stringify(github) });
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(JSON.parse(stdout)).toMatchObject({ predicateType: 'https://slsa.dev/provenance/v1' });
    expect(stdout).not.toContain('ghs_secret');
  });

  it.each([
    ['no JSON', '{"token": "ghs_secret" oops', '-: not valid JSON'],
    [
      'another event',
      JSON.stringify({ ...github, event_name: 'ghs_secret' }),
      '-: /event_name: only what was',
    ],
    ['not all of it', JSON.stringify({ ...github, sha: undefined }), '-: /sha: want a text'],
  ])('refuses a context of %s, and tells no secret', async (_, input, message) => {
    const { stdout, stderr, code } = await stowage(await args(), { input });
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toContain(`stowage: ${message}`);
    expect(stderr).not.toContain('ghs_secret');
  });

  test('refuses a digest that is none, and a build that is not there', async () => {
    const input = JSON.stringify(github);
    const words = await args();
    const digest = words.map((word) => (word === sha('a') ? 'latest' : word));
    expect(await stowage(digest, { input })).toMatchObject({ stdout: '', code: 2 });
    const build = words.map((word) => (word === 'a-amd' ? 'c' : word));
    expect(await stowage(build, { input })).toMatchObject({ stdout: '', code: 2 });
  });
});

describe.each([
  ['status', []],
  ['deploy', []],
  ['queue', ['--arch', 'amd64']],
  ['commands', []],
])('a builds.json that is none, at %s', (command, flags) => {
  it.each([
    ['a list', '[1]', 'not a JSON object (line 1, column 1)'],
    [
      'what ends in the middle',
      '{"a":\n{"b"',
      'the value of "a" is missing, or ends in the middle (line 2, column 1)',
    ],
    ['a build that is none', '{"a":{"buildId":"a"}}', '/a/build/arch: want a text'],
    [
      'the same build twice',
      `${buildsJson(amd).slice(0, -2)},${buildsJson(amd).slice(1)}`,
      '/a-amd: stands here a second time',
    ],
    [
      'tags that are null',
      buildsJson(missing).replace(/"tags": \[[^\]]*\]/, '"tags": null'),
      '/b-amd/source/arches/amd64/tags: want a list',
    ],
    [
      'a tag that is none',
      buildsJson(missing).replace('"b:1"', '1'),
      '/b-amd/source/arches/amd64/tags/0: want a text',
    ],
    ['a good one before a bad one', `${buildsJson(amd).slice(0, -2)},"b":{}}`, '/b/buildId: want a text'],
  ])('%s', async (_, contents, message) => {
    const path = await file(contents);
    const { stdout, stderr, code } = await stowage(['builds', command, ...flags, path]);
    expect({ stdout, stderr, code }).toEqual({
      stdout: '',
      stderr: `stowage: ${path}: ${message}\n`,
      code: 2,
    });
  });

  test('a file that is not there, or is a folder', async () => {
    const nowhere = await stowage(['builds', command, ...flags, '/nowhere.json']);
    expect(nowhere).toEqual({
      stdout: '',
      stderr: 'stowage: /nowhere.json: there is no such file\n',
      code: 2,
    });
    const folder = await stowage(['builds', command, ...flags, tmpdir()]);
    expect(folder).toMatchObject({ stdout: '', code: 2 });
    expect(folder.stderr).toContain('this is a folder');
  });
});

test('what cannot be written, or read twice, is told before anything is done', async () => {
  const path = await builds();
  const nowhere = join(path, '..', 'nowhere', 'jobs.json');
  expect(await stowage(['builds', 'queue', '--arch', 'amd64', '--record', nowhere, path])).toEqual({
    stdout: '',
    stderr: `stowage: ${nowhere}: the folder ${join(nowhere, '..')} is not there\n`,
    code: 2,
  });
  const cache = join(path, '..', 'nowhere', 'cache.json');
  expect(await stowage(['builds', '--cache', cache, path])).toEqual({
    stdout: '',
    stderr: `stowage: ${cache}: the folder ${join(cache, '..')} is not there\n`,
    code: 2,
  });
  expect(await stowage(['builds', 'merge', path, '-'])).toEqual({
    stdout: '',
    stderr: 'stowage: parts are read twice, so none of them can be standard input\n',
    code: 2,
  });
  const contexts = ['--github', '-', '--runner', '-'];
  const provenance = ['builds', 'provenance', '--build-id', 'x', '--digest', sha('x'), ...contexts, path];
  expect(await stowage(provenance)).toMatchObject({ stdout: '', code: 2 });
  expect(await stowage(['validate', '--fix', '--json', path])).toMatchObject({ stdout: '', code: 2 });
});
