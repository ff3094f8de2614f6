import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { mediaTypes } from '../../src/oci/index.ts';
import { createHandler, listen } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { graph, multi } from '../image/graph.ts';
import { freePort, httpServer } from '../transport/server.ts';
import { stowage } from './stowage.ts';

/** A registry with `r:1`, and its host. */
async function serving(): Promise<string> {
  const registry = memoryRegistry();
  await multi.push(registry, 'r', { tags: { 1: 'index' } });
  const server = await listen(createHandler(registry));
  onTestFinished(() => server.close());
  return new URL(server.url).host;
}
const answering = async (listener: RequestListener): Promise<string> => (await httpServer(listener)).url.host;

test('what stands there, as JSON, and nothing else', async () => {
  const host = await serving();
  const { stdout, stderr, code } = await stowage(['lookup', `${host}/r:1`]);
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  expect(stdout).toMatch(/^\{\n\t"schemaVersion": 2,\n\t"mediaType"/);
  const index = multi.named(JSON.parse(stdout)) as { annotations: object; manifests: object[] };
  expect(index.annotations).toEqual({ 'org.opencontainers.image.ref.name': `${host}/r:1@index` });
  expect(index.manifests).toMatchObject([{ digest: 'amd' }, { digest: 'arm' }, { digest: 'att' }]);
});

test('--digest: a line; several references: in their order', async () => {
  const host = await serving();
  const arm = `${host}/r@${multi.digest('arm')}`;
  const { stdout, code } = await stowage(['lookup', '--digest', arm, `${host}/r:1`]);
  expect(multi.named(stdout)).toBe('arm\nindex\n');
  expect(code).toBe(0);
});

test('--platform: only what is for it', async () => {
  const host = await serving();
  const only = await stowage(['lookup', '--digest', '--platform', 'linux/arm64', `${host}/r:1`]);
  expect(multi.named(only.stdout)).toBe('arm\n');
  const none = await stowage(['lookup', '--platform', 'linux/s390x', `${host}/r:1`]);
  expect(none).toMatchObject({ stdout: '', code: 3 });
  expect(none.stderr).toContain('nothing for linux/s390x');
});

test('--stats: a line on standard error', async () => {
  const host = await serving();
  const { stderr } = await stowage(['lookup', '--stats', '--digest', `${host}/r:1`, `${host}/r:2`]);
  expect(stderr).toMatch(/^requests: 2 \(HEAD manifest 2\); refused: 404 1; cache: miss 2$/m);
});

test('3: it is not there, where a digest is wanted', async () => {
  const host = await serving();
  const { stdout, stderr, code } = await stowage(['lookup', '--digest', `${host}/r:2`]);
  expect({ stdout, code }).toEqual({ stdout: '', code: 3 });
  expect(stderr).toMatch(/^stowage: .*r:2.*not found.*\[MANIFEST_UNKNOWN\]\n$/);
});

/** Registries that say in their ways that we may not know. */
const refusing: readonly (readonly [string, RequestListener])[] = [
  ['401', (_, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end()],
  ['401 without a way in', (_, response) => response.writeHead(401).end()],
  ['403', (_, response) => response.writeHead(403).end()],
];

test.each(refusing)('4: not for us, where a digest is wanted: %s', async (_, listener) => {
  const host = await answering(listener);
  const { stdout, stderr, code } = await stowage(['lookup', '--digest', `${host}/r:1`]);
  expect({ stdout, code }).toEqual({ stdout: '', code: 4 });
  expect(stderr).toMatch(/\[(UNAUTHORIZED|DENIED)\]/);
});

test.each(refusing)('null: what is not for us is not there: %s', async (_, listener) => {
  const host = await answering(listener);
  const words = [`${host}/r:1`, '--head', `${host}/r:1`, '--type', 'manifest', `${host}/r:1`];
  const { stdout, stderr, code } = await stowage(['lookup', ...words]);
  expect({ stdout, code }).toEqual({ stdout: 'null\nnull\nnull\n', code: 0 });
  expect(stderr.split('\n')[0]).toMatch(/\[(UNAUTHORIZED|DENIED)\]$/);
});

test('null: a 401 to a token that was just got', async () => {
  const host = await answering((request, response) => {
    if (request.url?.startsWith('/token')) return response.end('{"token":"of-no-use"}');
    const realm = `http://${request.headers.host}/token`;
    return response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end();
  });
  expect(await stowage(['lookup', `${host}/r:1`])).toMatchObject({ stdout: 'null\n', code: 0 });
});

test('null: it is not there; the others are told in their order', async () => {
  const host = await serving();
  const gone = `${host}/r@sha256:${'0'.repeat(64)}`;
  const words = [`${host}/other:1`, gone, '--head', `${host}/r:1`, '--type', 'blob', gone];
  const { stdout, stderr, code } = await stowage(['lookup', ...words]);
  expect(code).toBe(0);
  const { mediaType, digest, size } = multi.descriptor('index');
  expect(stdout).toBe(`null\nnull\n${JSON.stringify({ mediaType, digest, size }, null, '\t')}\nnull\n`);
  expect(stderr.match(/not found/g)).toHaveLength(3);
});

test('an index of which a part is missing is an error, not nothing', async () => {
  const registry = memoryRegistry({ sparse: true });
  const g = graph({
    blobs: { config: { text: '{}', mediaType: mediaTypes.ociConfig } },
    manifests: { one: { config: 'config', layers: [] }, index: { manifests: ['one'] } },
  });
  await g.push(registry, 'r', { tags: { 1: 'index' }, without: ['one'] });
  const server = await listen(createHandler(registry));
  onTestFinished(() => server.close());
  const { stdout, stderr, code } = await stowage(['lookup', `${new URL(server.url).host}/r:1`]);
  expect({ stdout, code }).toEqual({ stdout: '', code: 1 });
  expect(stderr).toContain('is incomplete');
});

test('5: too often', async () => {
  const host = await answering((_, response) => response.writeHead(429, { 'retry-after': '7' }).end());
  const { stderr, code } = await stowage(['lookup', '--max-wait', '5s', `${host}/r:1`]);
  expect(code).toBe(5);
  expect(stderr).toContain('try again in 7 s');
});

test('6: other bytes than were asked for', async () => {
  const host = await answering((_, response) =>
    response.setHeader('content-type', mediaTypes.ociIndex).end('{"schemaVersion":2,"manifests":[]}'),
  );
  const { stdout, stderr, code } = await stowage(['lookup', `${host}/r@${multi.digest('index')}`]);
  expect({ stdout, code }).toEqual({ stdout: '', code: 6 });
  expect(stderr).toContain('[DIGEST_MISMATCH]');
});

test('7: one is there, one is not; where both fail alike, their code', async () => {
  const host = await serving();
  const { stdout, stderr, code } = await stowage(['lookup', '--digest', `${host}/r:2`, `${host}/r:1`]);
  expect(code).toBe(7);
  expect(multi.named(stdout)).toBe('index\n');
  expect(stderr).toContain('r:2');
  expect((await stowage(['lookup', '--digest', `${host}/r:2`, `${host}/r:3`])).code).toBe(3);
});

test('each failure names the reference that was asked for', async () => {
  const malformed = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: {} };
  const host = await answering((_, response) =>
    response.setHeader('content-type', mediaTypes.ociIndex).end(JSON.stringify(malformed)),
  );
  const { stdout, stderr } = await stowage(['lookup', `${host}/x:a`, `${host}/x:b`]);
  const why = '/manifests: want a list of descriptors [MANIFEST_INVALID]';
  expect({ stdout, stderr }).toEqual({
    stdout: '',
    stderr: `stowage: ${host}/x:a: ${why}\nstowage: ${host}/x:b: ${why}\n`,
  });
});

describe('a layout', () => {
  const folder = async (): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), 'stowage-lookup-'));
    onTestFinished(() => rm(path, { recursive: true }));
    return path;
  };
  const broken = async (): Promise<string> => {
    const path = await folder();
    await writeFile(join(path, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    await writeFile(join(path, 'index.json'), '{"schemaVersion":2,"manifests":[');
    return path;
  };

  test('3: that is not there, or is a file: not one that has nothing yet', async () => {
    const path = await folder();
    await writeFile(join(path, 'file'), '');
    const { stdout, stderr, code } = await stowage([
      'lookup',
      `oci-layout:${path}/nope:1`,
      `oci-layout:${path}/file:1`,
    ]);
    expect({ stdout, code }).toEqual({ stdout: '', code: 3 });
    expect(stderr).toContain(`${path}/nope: there is no such folder`);
    expect(stderr).toContain(`${path}/file: this is a file`);
  });

  test('null: there is one, without that tag', async () => {
    const [host, path] = [await serving(), await folder()];
    await stowage(['copy', `${host}/r:1`, `oci-layout:${path}/there:1`]);
    expect(await stowage(['lookup', `oci-layout:${path}/there:nope`])).toEqual({
      stdout: 'null\n',
      stderr: `stowage: manifest nope is not in oci-layout:${path}/there: there is 1 [MANIFEST_UNKNOWN]\n`,
      code: 0,
    });
  });

  test('that is broken is named', async () => {
    const path = await broken();
    const { stderr, code } = await stowage(['lookup', `oci-layout:${path}:1`]);
    expect(code).toBe(1);
    expect(stderr).toContain(`stowage: the layout of oci-layout:${path} is not valid: index.json: `);
  });

  test('that is broken is named where there are two', async () => {
    const [host, path, bad] = [await serving(), await folder(), await broken()];
    await stowage(['copy', `${host}/r:1`, `oci-layout:${path}:1`]);
    for (const [from, to] of [
      [path, bad],
      [bad, path],
    ]) {
      const { stderr } = await stowage(['copy', `oci-layout:${from}:1`, `oci-layout:${to}:2`]);
      expect(stderr).toContain(`stowage: the layout of oci-layout:${bad} is not valid: index.json: `);
    }
    const { stderr } = await stowage(['copy', `oci-layout:${path}:nope`, `oci-layout:${path}-new:1`]);
    expect(stderr).toContain(`stowage: manifest nope is not in oci-layout:${path}: there is 1 [`);
  });
});

test('1: nobody there', async () => {
  const { stderr, code } = await stowage(['lookup', `localhost:${await freePort()}/r:1`]);
  expect(code).toBe(1);
  expect(stderr).toContain('nothing listens');
});

test.each([
  ['a malformed reference', 'lookup', 'UPPER/x'],
  ['a malformed platform', 'lookup', '--platform', 'linux', 'localhost:1/r'],
  ['one malformed reference of several, and nothing is asked', 'lookup', 'localhost:1/r', 'UPPER/x'],
  ['a blob by its tag', 'lookup', '--type', 'blob', 'localhost:1/r:1'],
  ['a type that there is not', 'lookup', '--type', 'tag', 'localhost:1/r:1'],
  ['a type that is missing', 'lookup', 'localhost:1/r:1', '--type'],
  ['--head of nothing', 'lookup', 'localhost:1/r:1', '--head'],
  ['--platform of what is printed as it is', 'lookup', '--platform=linux/arm64', '--head', 'localhost:1/r:1'],
])('2: %s', async (_, ...args) => {
  const { stdout, code } = await stowage(args);
  expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
});
