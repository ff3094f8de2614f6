import { readFileSync, writeFileSync, chmodSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { askHelper } from '../../src/auth/credential-helper.ts';
import { defaultCredentials } from '../../src/auth/credentials.ts';
import { RegistryError } from '../../src/registry/index.ts';
import { base64, home, type Home } from './folder.ts';
import { failure } from './script.ts';

const HOST = 'registry.example.com';
const alice = `echo '{"ServerURL":"${HOST}","Username":"alice","Secret":"pw"}'`;

/** Which servers the helpers were asked for. */
function asked({ at }: Home): readonly string[] {
  return readFileSync(at('asked'), 'utf8').trim().split('\n');
}

describe('a helper', () => {
  test('for a host is asked for it by get, on its standard input', async () => {
    const place = home();
    place.helper('test', alice);
    const file = place.write('.docker/config.json', { credHelpers: { [HOST]: 'test' } });
    expect(await defaultCredentials(place)(HOST)).toEqual({
      username: 'alice',
      password: 'pw',
      origin: `docker-credential-test (${file}, credHelpers["${HOST}"])`,
    });
    expect(asked(place)).toEqual([`get ${HOST}`]);
  });

  test('for all hosts is asked where there is none for the host', async () => {
    const place = home();
    place.helper('all', alice);
    place.helper('other', 'exit 1');
    place.write('.docker/config.json', { credsStore: 'all', credHelpers: { 'other.test': 'other' } });
    expect((await defaultCredentials(place)(HOST))?.username).toBe('alice');
  });

  test('for a host that knows nobody is the last word of its file', async () => {
    const place = home();
    place.helper('none', 'echo "credentials not found in native keychain"; exit 1');
    place.helper('all', alice);
    const auths = { [HOST]: { auth: base64('bob:pw') } };
    place.write('.docker/config.json', { credsStore: 'all', credHelpers: { [HOST]: 'none' }, auths });
    expect(await defaultCredentials(place)(HOST)).toBeUndefined();
  });

  test.each([
    ['that is not there', undefined],
    ['that knows nobody', 'echo "credentials not found in native keychain"; exit 1'],
    ['with an empty answer', `echo '{"ServerURL":"","Username":"","Secret":""}'`],
  ])('for all hosts, %s, leaves it to the file', async (_name, script) => {
    const place = home();
    if (script !== undefined) place.helper('all', script);
    place.write('.docker/config.json', { credsStore: 'all', auths: { [HOST]: { auth: base64('bob:pw') } } });
    expect((await defaultCredentials(place)(HOST))?.username).toBe('bob');
  });

  test('may have an identity token', async () => {
    const place = home();
    place.helper('test', `echo '{"ServerURL":"https://${HOST}","Username":"<token>","Secret":"id"}'`);
    place.write('.docker/config.json', { credsStore: 'test' });
    expect(await defaultCredentials(place)(HOST)).toMatchObject({ identityToken: 'id' });
    expect(await defaultCredentials(place)(HOST)).not.toHaveProperty('password');
  });

  test('knows Docker Hub by its old address', async () => {
    const place = home();
    place.helper(
      'test',
      `echo '{"ServerURL":"https://index.docker.io/v1/","Username":"alice","Secret":"pw"}'`,
    );
    place.write('.docker/config.json', { credsStore: 'test' });
    expect((await defaultCredentials(place)('registry-1.docker.io'))?.username).toBe('alice');
    expect(asked(place)).toEqual(['get https://index.docker.io/v1/']);
  });

  test('for a part of a registry is asked for that part', async () => {
    const place = home();
    place.helper('test', `echo '{"Username":"alice","Secret":"pw"}'`);
    place.write('.docker/config.json', { credHelpers: { [`${HOST}/team`]: 'test' } });
    expect((await defaultCredentials(place)(HOST, 'team/x'))?.username).toBe('alice');
    expect(await defaultCredentials(place)(HOST, 'other/x')).toBeUndefined();
    expect(asked(place)).toEqual([`get ${HOST}/team`]);
  });

  test('is run once for a host, also by several at once', async () => {
    const place = home();
    place.helper('test', alice);
    place.write('.docker/config.json', { credsStore: 'test' });
    await Promise.all([defaultCredentials(place)(HOST), defaultCredentials(place)(HOST)]);
    await defaultCredentials(place)(HOST);
    expect(asked(place)).toEqual([`get ${HOST}`]);
  });

  test('that failed is run again', async () => {
    const place = home();
    place.helper('test', 'exit 1');
    place.write('.docker/config.json', { credsStore: 'test' });
    await failure(defaultCredentials(place)(HOST));
    place.helper('test', alice);
    expect((await defaultCredentials(place)(HOST))?.username).toBe('alice');
  });

  test('need not listen', async () => {
    const place = home();
    const file = place.write('bin/docker-credential-deaf', `#!/bin/sh\nexec 0<&-\n${alice}\n`);
    chmodSync(file, 0o755);
    const answer = await askHelper('deaf', HOST, { where: 'FILE', environment: place.environment });
    expect(answer).toEqual({ username: 'alice', secret: 'pw' });
  });
});

// Row 74 of the corpus: file, key and helper are named, and nothing that the helper said.
describe('a helper that', () => {
  test.each([
    ['fails', 'echo hunter2; echo hunter2 >&2; exit 1', 'failed with exit status 1'],
    ['prints HTML', 'echo "<html>hunter2</html>"', 'printed what is not valid JSON'],
    ['prints nothing', '', 'printed what is not valid JSON'],
    ['prints an array', 'echo "[]"', 'printed what is not a JSON object'],
    [
      'prints a user that is no text',
      `echo '{"Username":5,"Secret":"hunter2"}'`,
      'printed a user or a secret that is no text',
    ],
    ['prints 10 MB', 'head -c 10485760 /dev/zero', 'printed more than 65536 bytes'],
    ['prints without end', 'exec yes hunter2', 'printed more than 65536 bytes'],
    ['hangs', 'echo hunter2; exec sleep 60', 'did not answer within 0.3 s'],
    ['hangs by its child', 'sleep 60 & wait', 'did not answer within 0.3 s'],
    ['is killed', 'kill -TERM $$', 'did not come to its end (SIGTERM)'],
    [
      'answers for another host',
      `echo '{"ServerURL":"https://other.test","Username":"alice","Secret":"hunter2"}'`,
      'answered for https://other.test',
    ],
  ])('%s', async (_name, script, why) => {
    const place = home();
    place.helper('bad', script);
    // Short where it is the test; else long, because a busy machine is slow to start a shell.
    const timeout = why.includes('did not answer') ? 300 : 15_000;
    const context = { where: 'FILE, credsStore', environment: place.environment, timeout };
    const error = await failure(askHelper('bad', HOST, context));
    expect(error).toBeInstanceOf(RegistryError);
    const { code, message, cause, detail } = error as RegistryError;
    expect(code).toBe('CREDENTIALS_INVALID');
    expect(message).toBe(`FILE, credsStore: docker-credential-bad ${why}, when asked for ${HOST}`);
    expect(JSON.stringify([message, String(cause), detail])).not.toContain('hunter2');
  });

  test('may not be run', async () => {
    const place = home();
    writeFileSync(place.write('bin/docker-credential-bad', ''), '#!/bin/sh\n');
    const environment = { PATH: place.at('bin') };
    expect(await failure(askHelper('bad', HOST, { where: 'FILE', environment }))).toMatchObject({
      code: 'CREDENTIALS_INVALID',
      message: expect.stringContaining('did not come to its end (EACCES)'),
    });
  });

  test.each(['../x', 'x;rm', 'x y', '', 'x\n', 'x'.repeat(101)])('is named %j is not run', async (name) => {
    const { environment } = home();
    expect(await failure(askHelper(name, HOST, { where: 'FILE', environment }))).toMatchObject({
      code: 'CREDENTIALS_INVALID',
      message: expect.stringContaining('cannot be the name of a helper'),
    });
  });

  test('fails leaves no other credentials in its place', async () => {
    const place = home();
    place.helper('bad', 'exit 1');
    place.write('.docker/config.json', { credsStore: 'bad', auths: { [HOST]: { auth: base64('bob:pw') } } });
    expect(await failure(defaultCredentials(place)(HOST))).toMatchObject({ code: 'CREDENTIALS_INVALID' });
  });
});
