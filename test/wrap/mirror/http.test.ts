import { expect, test } from 'vitest';
import { staticCredentials } from '../../../src/auth/index.ts';
import { registryClient } from '../../../src/client/index.ts';
import { scripted, type Exchange } from '../../../src/testing/index.ts';
import type { Registry } from '../../../src/registry/index.ts';
import { mirrored, type Fallback } from '../../../src/wrap/mirror/index.ts';
import { image } from '../../client/talk.ts';

const found = {
  headers: {
    'content-type': image.descriptor.mediaType,
    'content-length': String(image.bytes.length),
    'docker-content-digest': image.digest,
  },
};
const atMirror = 'HEAD https://mirror.test/hub/v2/r/manifests/1?ns=registry.test';
const atRegistry = 'HEAD /v2/r/manifests/1';

/** A registry with a mirror, both by HTTP, both with the same file of passwords. */
async function during(
  exchanges: readonly Exchange[],
  fallback: Fallback,
  act: (registry: Registry) => Promise<unknown>,
): Promise<void> {
  const { transport, done } = scripted(exchanges);
  const credentials = staticCredentials({ 'registry.test': { username: 'user', password: 'canary' } });
  const upstream = registryClient('registry.test', { transport, credentials });
  const mirror = registryClient('https://mirror.test/hub', {
    transport,
    credentials,
    namespace: 'registry.test',
  });
  await act(mirrored(upstream, [{ name: 'mirror.test', registry: mirror, fallback }]));
  done();
}

test('C48 a mirror that wants a login does not get that of the registry, which is asked instead', async () => {
  const challenge = { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };
  await during(
    [
      { request: atMirror, headers: { authorization: undefined }, answer: challenge },
      { request: atRegistry, headers: { authorization: undefined }, answer: challenge },
      { request: atRegistry, headers: { authorization: /^Basic / }, answer: found },
    ],
    'unavailable',
    async (registry) => expect(await registry.resolveManifest('r', '1')).toEqual(image.descriptor),
  );
});

test('what a mirror that knows all does not have, nobody is asked for', async () => {
  await during([{ request: atMirror, answer: { status: 404 } }], 'never', async (registry) => {
    await expect(registry.resolveManifest('r', '1')).rejects.toMatchObject({ status: 404 });
  });
});
