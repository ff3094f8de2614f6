/** Credentials that cannot be had: what is public is read all the same, and where it is not, that is the reason told. */
import { describe, expect, test } from 'vitest';
import { defaultCredentials, tokenFiles } from '../../src/auth/index.ts';
import { exitCodeOf } from '../../src/cli/exit-code.ts';
import type { RegistryClient } from '../../src/client/index.ts';
import { digestOf, mediaTypes } from '../../src/oci/index.ts';
import type { Answer, Exchange } from '../../src/testing/index.ts';
import { all, during, failure } from '../client/talk.ts';
import { home } from './folder.ts';

const REALM = 'https://registry.test/token';
const unauthorized: Answer = {
  status: 401,
  headers: { 'www-authenticate': `Bearer realm="${REALM}",service="s",scope="repository:r:pull"` },
};
const found: Answer = {
  headers: {
    'docker-content-digest': digestOf(Buffer.from('{}')),
    'content-length': '2',
    'content-type': mediaTypes.ociManifest,
  },
};
const asked: Exchange = {
  request: 'GET /token?service=s&scope=repository:r:pull',
  headers: { authorization: undefined },
  answer: { body: '{"token":"t","expires_in":300}' },
};
const head = (authorization: string | undefined, answer: Answer): Exchange => ({
  request: 'HEAD /v2/r/manifests/1',
  headers: { authorization },
  answer,
});

/** What docker left behind on a machine whose key ring does not open. */
function lockedKeyring() {
  const place = home();
  place.helper('locked', 'echo hunter2; exit 1');
  place.write('.docker/config.json', { credsStore: 'locked' });
  return { credentials: defaultCredentials({ environment: place.environment }) };
}
const read = (registry: RegistryClient) => registry.resolveManifest('r', '1');

describe('a helper that fails', () => {
  test('does not keep us from what is public', async () => {
    await during(
      [head(undefined, unauthorized), asked, head('Bearer t', found), head('Bearer t', found)],
      async (registry) => {
        await read(registry);
        await read(registry);
      },
      lockedKeyring(),
    );
  });

  test('leaves no token for nobody behind: with the helper mended, it is somebody again', async () => {
    const place = home();
    place.helper('locked', 'exit 1');
    place.write('.docker/config.json', { credsStore: 'locked' });
    const keptTokens = tokenFiles(place.at('tokens'));
    const source = () => defaultCredentials({ environment: { ...place.environment } });
    const first = [head(undefined, unauthorized), asked, head('Bearer t', found)];
    await during(first, read, { credentials: source(), keptTokens });
    place.helper('locked', `echo '{"Username":"alice","Secret":"hunter2"}'`);
    const own: Exchange = {
      request: 'GET /token?service=s&scope=repository:r:pull&account=alice',
      answer: { body: '{"token":"mine","expires_in":300}' },
    };
    const second = [head(undefined, unauthorized), own, head('Bearer mine', found)];
    await during(second, read, { credentials: source(), keptTokens });
  });

  test.each<[string, readonly Exchange[]]>([
    ['the token server refuses nobody in particular', [{ ...asked, answer: { status: 401 } }]],
    ['the registry refuses a token for nobody in particular', [asked, head('Bearer t', unauthorized)]],
  ])('is the reason, where %s', async (_, exchanges) => {
    const error = await failure(during([head(undefined, unauthorized), ...exchanges], read, lockedKeyring()));
    expect(error.code).toBe('CREDENTIALS_INVALID');
    expect(error.message).toMatch(
      /config\.json, credsStore: docker-credential-locked failed with exit status 1/,
    );
    expect(error.message).toContain('without credentials registry.test lets nobody in');
    expect(error.cause).toMatchObject({ name: 'RegistryError' });
    expect(error.message).not.toContain('hunter2');
    expect(exitCodeOf(error)).toBe(4);
  });

  test('is the reason, where a password is wanted', async () => {
    const basic: Answer = { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };
    const error = await failure(during([head(undefined, basic)], read, lockedKeyring()));
    expect(error.code).toBe('CREDENTIALS_INVALID');
  });

  test('ends what is more than reading: nobody pushes as nobody', async () => {
    const deletion: Exchange = { request: 'DELETE /v2/r/manifests/1', answer: unauthorized };
    const error = await failure(
      during([deletion], (registry) => registry.deleteManifest('r', '1'), lockedKeyring()),
    );
    expect(error).toMatchObject({ code: 'CREDENTIALS_INVALID' });
    const catalog: Exchange = { request: 'GET /v2/_catalog?n=1000', answer: unauthorized };
    expect(
      await failure(during([catalog], (registry) => all(registry.repositories()), lockedKeyring())),
    ).toMatchObject({ code: 'CREDENTIALS_INVALID' });
  });
});
