import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { digestOf, mediaTypes } from '../../src/oci/index.ts';
import type { Registry } from '../../src/registry/index.ts';
import { createHandler, listen, toNodeListener } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { multi } from '../image/graph.ts';
import { httpServer } from '../transport/server.ts';
import { stowage } from './stowage.ts';

/** Two registries, the first of which has `r:1`. */
async function pair(): Promise<{ from: string; to: string; target: Registry }> {
  const [source, target] = [memoryRegistry(), memoryRegistry()];
  await multi.push(source, 'r', { tags: { 1: 'index' } });
  const host = async (registry: Registry): Promise<string> => {
    const server = await listen(createHandler(registry));
    onTestFinished(() => server.close());
    return new URL(server.url).host;
  };
  return { from: await host(source), to: await host(target), target };
}

/** Lets in who has a token for the repository, which everybody gets. */
async function withTokens(registry: Registry): Promise<string> {
  const serve = toNodeListener(createHandler(registry));
  const { url } = await httpServer((request, response) => {
    const { pathname, searchParams, origin } = new URL(request.url ?? '/', `http://${request.headers.host}`);
    if (pathname === '/token')
      return void response.end(
        JSON.stringify({ token: searchParams.getAll('scope').join(' '), expires_in: 300 }),
      );
    const [, repository = ''] = /^\/v2\/(.+)\/(?:manifests|blobs)\//.exec(pathname) ?? [];
    const action = request.method === 'GET' || request.method === 'HEAD' ? 'pull' : 'push';
    const allowed = new RegExp(`repository:${repository}:\\S*${action}`).test(
      request.headers.authorization ?? '',
    );
    if (allowed) return serve(request, response);
    request.resume();
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${origin}/token",service="s"` }).end();
  });
  return url.host;
}

test('the digest on standard output, what was done on standard error', async () => {
  const { from, to, target } = await pair();
  const first = await stowage(['copy', `${from}/r:1`, `${to}/t:2`]);
  expect(first).toMatchObject({ stdout: `${multi.digest('index')}\n`, code: 0 });
  expect(first.stderr).toMatch(/^sent 4 manifests and 7 blobs, \d+ bytes, to .*\/t:2\n$/);
  expect(await multi.held(target, 't')).toEqual([...multi.nodes.keys()]);
  const again = await stowage(['copy', '--stats', `${from}/r:1`, `${to}/t:2`]);
  expect(again.stdout).toBe(`${multi.digest('index')}\n`);
  expect(again.stderr).toBe(
    `${to}/t:2 is there already\nrequests: 2 (HEAD manifest 2); cache: miss 1, revalidated 1\n`,
  );
});

test('into a layout and out of it', async () => {
  const { from, to, target } = await pair();
  const folder = await mkdtemp(join(tmpdir(), 'stowage-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  expect((await stowage(['copy', `${from}/r:1`, `oci-layout:${folder}:1`])).code).toBe(0);
  expect((await stowage(['copy', `oci-layout:${folder}:1`, `${to}/t:1`])).code).toBe(0);
  expect(await multi.held(target, 't')).toEqual([...multi.nodes.keys()]);
});

test('into an archive, another one beside it, and out of it: by name, by tag, and as the only image', async () => {
  const { from, to, target } = await pair();
  const folder = await mkdtemp(join(tmpdir(), 'stowage-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'images.tar');
  const digest = `${multi.digest('index')}\n`;
  expect((await stowage(['copy', `${from}/r:1`, `oci-archive:${file}:me/app:1`])).code).toBe(0);
  for (const reference of [`oci-archive:${file}`, `oci-archive:${file}:1`, `docker-archive:${file}:me/app:1`])
    expect((await stowage(['lookup', '--digest', reference])).stdout, reference).toBe(digest);
  expect((await stowage(['copy', `oci-archive:${file}`, `oci-archive:${file}:me/other:2`])).code).toBe(0);
  expect((await stowage(['copy', `oci-archive:${file}:me/other:2`, `${to}/t:1`])).code).toBe(0);
  expect(await multi.held(target, 't')).toEqual([...multi.nodes.keys()]);
  expect(await readdir(folder)).toEqual(['images.tar']);
});

test('3: the layout or the archive to copy from is not there', async () => {
  const { to } = await pair();
  for (const [reference, why] of [
    ['oci-layout:/nowhere/at/all:1', 'there is no such folder'],
    ['oci-archive:/nowhere/at/all.tar', 'there is no such file'],
  ] as const) {
    const { code, stderr } = await stowage(['copy', reference, `${to}/t:1`]);
    expect(code).toBe(3);
    expect(stderr).toContain(why);
  }
});

test('a layout whose bytes went bad is not copied: 6, also into another layout', async () => {
  const { from } = await pair();
  const folder = await mkdtemp(join(tmpdir(), 'stowage-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  expect((await stowage(['copy', `${from}/r:1`, `oci-layout:${folder}/good:1`])).code).toBe(0);
  const layer = multi.nodes.get('amd-layer')?.bytes as Uint8Array;
  const path = join(folder, 'good/blobs', multi.digest('amd-layer').replace(':', '/'));
  await writeFile(path, Buffer.from(layer).fill('x', 0, 1));
  const copied = await stowage(['copy', `oci-layout:${folder}/good:1`, `oci-layout:${folder}/copy:1`]);
  expect(copied.code).toBe(6);
  // Whether the folder was begun before the bytes proved bad is a matter of time: nothing is under the name either way.
  expect((await stowage(['lookup', '--digest', `oci-layout:${folder}/copy:1`])).code).not.toBe(0);
});

test('of two layouts, it is told which manifest is malformed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: 'none' };
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = digestOf(bytes);
  await mkdir(join(folder, 'from/blobs/sha256'), { recursive: true });
  await writeFile(join(folder, 'from/blobs', digest.replace(':', '/')), bytes);
  await writeFile(join(folder, 'from/oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const manifests = [{ mediaType: mediaTypes.ociIndex, digest, size: bytes.length }];
  await writeFile(join(folder, 'from/index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
  const { stderr } = await stowage(['copy', `oci-layout:${folder}/from`, `oci-layout:${folder}/to:1`]);
  expect(stderr).toBe(`stowage: ${digest}: /manifests: want a list of descriptors [MANIFEST_INVALID]\n`);
});

test('--platform', async () => {
  const { from, to, target } = await pair();
  const missing = ['--platform', 'linux/arm64', '--platform', 'linux/386'];
  const refused = await stowage(['copy', ...missing, `${from}/r:1`, `${to}/t:1`]);
  expect(refused).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('has nothing for linux/386; it has') as string,
  });
  const platforms = ['--platform', 'linux/arm64'];
  expect((await stowage(['copy', ...platforms, `${from}/r:1`, `${to}/t:1`])).code).toBe(0);
  expect(await multi.held(target, 't')).toEqual(['shared', 'arm-config', 'arm-layer', 'arm']);
});

test.each([
  [2, 'a malformed platform', ['--platform', 'linux'], 'r:1', 't'],
  [2, 'a malformed source', [], 'R:1', 't'],
  [2, 'a malformed target', [], 'r:1', 't:-'],
  [3, 'a source that is not there', [], 'r:9', 't'],
  [3, 'a platform that is not there', ['--platform', 'linux/s390x'], 'r:1', 't'],
])('%i: %s', async (code, _, flags, source, sink) => {
  const { from, to, target } = await pair();
  const ran = await stowage(['copy', ...flags, `${from}/${source}`, `${to}/${sink}`]);
  expect(ran).toMatchObject({ stdout: '', code });
  expect(ran.stderr).toMatch(/^stowage: .+\n$/);
  expect(await multi.held(target, 't')).toEqual([]);
});

describe('--plan', () => {
  test('says how much it will take before it is asked for, and what it took', async () => {
    const { from, to } = await pair();
    const first = await stowage(['copy', '--plan', `${from}/r:1`, `${to}/t:2`]);
    expect(first).toMatchObject({ stdout: `${multi.digest('index')}\n`, code: 0 });
    expect(first.stderr.split('\n').slice(0, 3)).toEqual([
      'plan, to learn what there is to copy: at most 8 requests (GET manifest 2, GET ping 2, GET token 2, HEAD manifest 2), 2 count as pulls',
      'plan, with all that there is to send: at most 37 requests (GET blob 7, GET manifest 5, GET ping 2, GET token 3, HEAD manifest 2, POST upload 7, PUT manifest 4, PUT upload 7), 5 count as pulls',
      'planned 37 requests, made 30 (GET blob 7, GET manifest 4, HEAD manifest 1, POST upload 7, PUT manifest 4, PUT upload 7)',
    ]);
    const again = await stowage(['copy', '--plan', `${from}/r:1`, `${to}/t:2`]);
    expect(again.stderr.split('\n').slice(0, 2)).toEqual([
      'plan, to learn what there is to copy: at most 8 requests (GET manifest 2, GET ping 2, GET token 2, HEAD manifest 2), 2 count as pulls',
      'planned 8 requests, made 2 (HEAD manifest 2)',
    ]);
  });

  test('of a layout to a registry, as fast as that may be asked; and what layouts take: nothing', async () => {
    const { from, to } = await pair();
    const folder = await mkdtemp(join(tmpdir(), 'stowage-cli-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await stowage(['copy', `${from}/r:1`, `oci-layout:${folder}/a:1`]);
    const out = await stowage([
      'copy',
      '--plan',
      '--rate',
      '60000/1m',
      '--burst',
      '5',
      `oci-layout:${folder}/a:1`,
      `${to}/t:2`,
    ]);
    expect(out.stderr.split('\n').slice(1, 3)).toEqual([
      'plan, with all that there is to send: at most 23 requests (GET manifest 1, GET ping 1, GET token 2, HEAD manifest 1, POST upload 7, PUT manifest 4, PUT upload 7), 1 counts as a pull, 0.0 s at 60,000 a minute',
      'planned 23 requests, made 19 (HEAD manifest 1, POST upload 7, PUT manifest 4, PUT upload 7)',
    ]);
    const inside = await stowage(['copy', '--plan', `oci-layout:${folder}/a:1`, `oci-layout:${folder}/b:1`]);
    expect(inside.stderr.split('\n').slice(0, 3)).toEqual([
      'plan, to learn what there is to copy: no requests',
      'plan, with all that there is to send: no requests',
      'planned 0 requests, made 0',
    ]);
  });

  test('where tokens are needed, they are in the plan, and so are the questions for them', async () => {
    const source = memoryRegistry();
    await multi.push(source, 'r', { tags: { 1: 'index' } });
    const [from, to] = [await withTokens(source), await withTokens(memoryRegistry())];
    const ran = async (...references: readonly string[]): Promise<readonly string[]> => {
      const { stderr, code } = await stowage(['copy', '--plan', '--no-cache', ...references]);
      expect(code).toBe(0);
      return stderr.split('\n').filter((line) => !line.startsWith('plan,'));
    };
    expect((await ran(`${from}/r:1`, `${to}/t:2`))[0]).toBe(
      'planned 37 requests, made 35 (GET blob 7, GET manifest 4, GET ping 2, GET token 3, HEAD manifest 1, POST upload 7, PUT manifest 4, PUT upload 7)',
    );
    expect((await ran(`${from}/r:1`, `${from}/s:1`))[0]).toBe(
      'planned 37 requests, made 20 (GET manifest 4, GET ping 1, GET token 3, HEAD manifest 1, POST upload 7, PUT manifest 4)',
    );
    expect((await ran(`${from}/r:1`, `${from}/r:2`))[0]).toBe(
      'planned 6 requests, made 5 (GET manifest 1, GET ping 1, GET token 2, PUT manifest 1)',
    );
  });

  test('what is asked for is the same without it', async () => {
    const requests = async (...flags: readonly string[]): Promise<string | undefined> => {
      const { from, to } = await pair();
      const { stderr } = await stowage([
        'copy',
        '--stats',
        '--no-cache',
        ...flags,
        `${from}/r:1`,
        `${to}/t:2`,
      ]);
      return /requests: .*/.exec(stderr)?.[0];
    };
    expect(await requests('--plan')).toBe(await requests());
    expect(await requests('--plan')).toMatch(/^requests: 30 /);
  });
});
