import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { registryClient } from '../../src/client/index.ts';
import { createPlaces } from '../../src/place/index.ts';
import { multi } from '../image/graph.ts';
import { httpServer } from '../transport/server.ts';
import { stowage, type Ran } from './stowage.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'stowage-serve-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('serves a folder until it is told to end', async () => {
  const directory = await folder();
  const ending = new AbortController();
  let announce: (line: string) => void;
  const announced = new Promise<string>((resolve) => (announce = resolve));
  const serving = stowage(['serve', '--port', '0', directory], {
    signal: ending.signal,
    onOutput: (line) => announce(line),
  });
  const { url, ...rest } = JSON.parse(await announced) as { url: string };
  expect(rest).toEqual({ directory });
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);

  const client = registryClient(url);
  await multi.push(client, 'r', { tags: { 1: 'index' } });
  expect(await multi.held(client, 'r')).toEqual([...multi.nodes.keys()]);
  await client.close();

  ending.abort(new Error('enough'));
  const { stdout, stderr, code } = await serving;
  expect(stdout.trim().split('\n')).toHaveLength(1);
  expect(stderr).toContain('stowage copy');
  expect(code).toBe(0);
});

test('serves the images of a layout or an archive under their names, for reading', async () => {
  const directory = await folder();
  const layout = join(directory, 'images');
  const archive = join(directory, 'images.tar');
  const { registry, repository } = createPlaces().open(`oci-layout:${layout}::me/app:1`);
  await multi.push(registry, repository, { tags: { 1: 'index' } });
  expect((await stowage(['copy', `oci-layout:${layout}`, `oci-archive:${archive}::me/app:1`])).code).toBe(0);
  for (const reference of [`oci-layout:${layout}`, `oci-archive:${archive}`]) {
    const ending = new AbortController();
    let announce: (line: string) => void;
    const announced = new Promise<string>((resolve) => (announce = resolve));
    const serving = stowage(['serve', '--port', '0', reference], {
      signal: ending.signal,
      onOutput: (line) => announce(line),
    });
    const { url, ...rest } = JSON.parse(await announced) as { url: string };
    expect(rest).toEqual({ reference });
    const client = registryClient(url);
    expect(await multi.held(client, 'me/app')).toEqual([...multi.nodes.keys()]);
    expect((await client.resolveManifest('me/app', '1')).digest).toBe(multi.digest('index'));
    await expect(client.deleteManifest('me/app', '1')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await client.close();
    ending.abort(new Error('enough'));
    const { host } = new URL(url);
    expect((await serving).stderr).toContain(`\n  ${host}/docker.io/me/app:1\n  ${host}/layout:1\n`);
  }
});

test('a folder that is a layout itself: its own images are not served so, which is said', async () => {
  const directory = await folder();
  const { registry, repository } = createPlaces().open(`oci-layout:${directory}:v1`);
  await multi.push(registry, repository, { tags: { v1: 'index' } });
  const { stderr } = await served(directory);
  expect(stderr).toContain(
    `\nThis folder is a layout itself. For its images: stowage serve oci-layout:${directory}\n`,
  );
});

test('of many images, some are shown', async () => {
  const directory = await folder();
  const { registry, repository } = createPlaces().open(`oci-layout:${directory}:v1`);
  const tags = Array.from({ length: 30 }, (_, at) => `v${at}`);
  await multi.push(registry, repository, { tags: Object.fromEntries(tags.map((tag) => [tag, 'index'])) });
  const { stderr } = await served(`oci-layout:${directory}`);
  expect(stderr.match(/layout:v/g)).toHaveLength(20);
  expect(stderr).toContain('\n  …\n');
});

/** What is said of something that is served, and at once no more. */
async function served(where: string): Promise<Ran> {
  const ending = new AbortController();
  return stowage(['serve', '--port', '0', where], {
    signal: ending.signal,
    onOutput: () => ending.abort(new Error('enough')),
  });
}

test('3: there is no such archive', async () => {
  const { code, stderr } = await stowage(['serve', 'oci-archive:/nowhere.tar']);
  expect(code).toBe(3);
  expect(stderr).toContain('there is no such file');
});

test('3: there is no layout in the folder', async () => {
  const { stdout, code, stderr } = await stowage(['serve', `oci-layout:${await folder()}`]);
  expect({ stdout, code }).toEqual({ stdout: '', code: 3 });
  expect(stderr).toContain('there is no layout in oci-layout:');
});

test('1: the port is taken', async () => {
  const { url } = await httpServer((_, response) => response.end());
  const { stdout, stderr, code } = await stowage(['serve', '--port', url.port, await folder()]);
  expect({ stdout, stderr, code }).toEqual({
    stdout: '',
    stderr: `stowage: port ${url.port} is taken; choose another with --port\n`,
    code: 1,
  });
});

test.each(['99999', '-1', '80x', '1e3'])('port %s is none', async (port) => {
  expect((await stowage(['serve', '--port', port])).code).toBe(2);
});
