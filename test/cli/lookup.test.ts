import type { RequestListener } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { mediaTypes } from '../../src/oci/index.ts';
import { createHandler, listen } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { multi } from '../image/graph.ts';
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

test('3: it is not there', async () => {
  const host = await serving();
  const { stdout, stderr, code } = await stowage(['lookup', `${host}/r:2`]);
  expect({ stdout, code }).toEqual({ stdout: '', code: 3 });
  expect(stderr).toMatch(/^stowage: .*r:2.*not found.*\[MANIFEST_UNKNOWN\]\n$/);
});

test('4: not for us', async () => {
  const host = await answering((_, response) =>
    response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end(),
  );
  const { stderr, code } = await stowage(['lookup', `${host}/r:1`]);
  expect(code).toBe(4);
  expect(stderr).toContain('[UNAUTHORIZED]');
  const denied = await answering((_, response) => response.writeHead(403).end());
  expect((await stowage(['lookup', `${denied}/r:1`])).code).toBe(4);
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
  expect((await stowage(['lookup', `${host}/r:2`, `${host}/r:3`])).code).toBe(3);
});

test('1: nobody there', async () => {
  const { stderr, code } = await stowage(['lookup', `localhost:${await freePort()}/r:1`]);
  expect(code).toBe(1);
  expect(stderr).toContain('nothing listens');
});

test.each([
  ['a malformed reference', 'lookup', 'UPPER/x'],
  ['a malformed platform', 'lookup', '--platform', 'linux', 'localhost:1/r'],
])('2: %s', async (_, ...args) => {
  const { stdout, code } = await stowage(args);
  expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
});
