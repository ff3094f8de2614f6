/** No secret is in any output: whatever happens, whatever a server repeats, at any level of telling. */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { defaultCredentials } from '../../src/auth/index.ts';
import { copy } from '../../src/image/index.ts';
import { createPlaces } from '../../src/place/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { stowage } from '../cli/stowage.ts';
import { config, hello } from '../client/talk.ts';
import { httpServer } from '../transport/server.ts';
import { hurried } from './hostile.ts';
import {
  logins,
  on,
  repeats,
  says,
  secretiveRegistry,
  secrets,
  unspeakable,
  type Fault,
} from './secretive-registry.ts';

/** A client's surroundings: a registry, and a home with a login for it. */
interface Scene {
  readonly host: string;
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Everything that the registry was sent. */
  seen(): string;
}

async function scene(fault?: Fault, login: object = logins.password): Promise<Scene> {
  let seen = '';
  const options = {
    storage: () => storage.url.host,
    seen: (text: string) => void (seen += `${text}\n`),
    fault,
  };
  const [{ url }, storage] = [
    await httpServer(secretiveRegistry(options)),
    await httpServer(secretiveRegistry(options)),
  ];
  const home = await mkdtemp(join(tmpdir(), 'stowage-secrets-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  await writeFile(join(home, 'config.json'), JSON.stringify({ auths: { [url.host]: login } }));
  const environment = { HOME: home, DOCKER_CONFIG: home, STOWAGE_CACHE: join(home, 'cache'), PATH: home };
  return { host: url.host, home, environment, seen: () => seen };
}

function expectSilence(output: string): void {
  expect(unspeakable.filter((secret) => output.includes(secret))).toEqual([]);
}

const isCut: Fault = on(/^GET \/storage/, (_, response) => {
  response.writeHead(200, { 'content-length': '5' });
  response.write('he', () => response.destroy());
});
const tokenJson = (body: string, status = 200) =>
  on(/\/token/, says(status, body, { 'content-type': 'application/json' }));

const faults: Readonly<Record<string, Fault>> = {
  'a token that is refused': on(/manifests/, repeats(401)),
  'a token that is refused for its scope': on(
    /manifests/,
    repeats(401, {
      'www-authenticate': `Bearer realm="http://evil.test/${secrets.signature}",error="insufficient_scope",error_description="${secrets.accessToken}"`,
    }),
  ),
  'not allowed': on(/manifests/, repeats(403)),
  'not there': on(/manifests/, repeats(404)),
  'too often': on(/manifests/, repeats(429, { 'retry-after': '1' })),
  'out of order': on(/manifests/, repeats(500)),
  'a text that repeats': on(
    /manifests/,
    says(400, ({ headers }) => `no: ${headers.authorization}`),
  ),
  'a page that repeats': on(
    /manifests/,
    says(503, ({ headers }) => `<html>${headers.authorization}</html>`, { 'content-type': 'text/html' }),
  ),
  'a warning that repeats': on(/GET \S+manifests/, (request, response) => {
    response.setHeader('warning', `299 - "you are ${request.headers.authorization}"`);
    says(404)(request, response);
  }),
  'a manifest that repeats': on(
    /GET \S+manifests/,
    says(200, ({ headers }) => `{"mediaType":"${headers.authorization}"`),
  ),
  'a digest that repeats': on(/manifests/, (request, response) => {
    response.setHeader('docker-content-digest', `${request.headers.authorization}`);
    says(200, '{}')(request, response);
  }),
  'a body that is cut': isCut,
  'storage that is out of order': on(/storage/, says(500, secrets.signature)),
  'storage that does not know the signature': on(
    /storage/,
    says(403, `<Error><Signature>${secrets.signature}</Signature></Error>`),
  ),
  'storage that sends something else': on(/storage/, says(200, 'other')),
  'a redirect to what is no HTTP': on(
    /blobs\/sha/,
    says(307, '', { location: `ftp://127.0.0.1/x?X-Amz-Signature=${secrets.signature}` }),
  ),
  'a redirect with a user': on(
    /blobs\/sha/,
    says(307, '', { location: `http://u:${secrets.userinfo}@127.0.0.1/x` }),
  ),
  'a redirect to what is no address': on(
    /blobs\/sha/,
    says(307, '', { location: `http://u:${secrets.userinfo}@[/?sig=${secrets.signature}` }),
  ),
  'a redirect to nobody': on(
    /blobs\/sha/,
    says(307, '', { location: `http://127.0.0.1:1/x?X-Amz-Signature=${secrets.signature}` }),
  ),
  'redirects without end': on(
    /blobs\/sha|storage/,
    says(307, '', { location: `/storage/again?X-Amz-Signature=${secrets.signature}` }),
  ),
  'an upload that fails': on(/^(?:PUT|PATCH) \S+uploads/, repeats(500)),
  'an upload that is cut': on(/^(?:PUT|PATCH) \S+uploads/, (request) => request.socket.destroy()),
  'an upload that is gone': on(/^(?:PUT|PATCH|GET) \S+uploads/, repeats(404)),
  'an upload that leads to what is no HTTP': on(
    /^POST \S+uploads/,
    says(202, '', { location: `ftp://127.0.0.1/?_state=${secrets.uploadState}` }),
  ),
  'a manifest that is not taken': on(/^PUT \S+manifests/, repeats(400)),
};

const tokenFaults: Readonly<Record<string, Fault>> = {
  'a token server that refuses': on(/\/token/, repeats(401)),
  'a token server that is out of order': on(/\/token/, repeats(500)),
  'a token server that repeats': on(
    /\/token/,
    says(403, ({ headers, body }) => JSON.stringify({ details: `${headers.authorization} ${body}` }), {
      'content-type': 'application/json',
    }),
  ),
  'a token that is cut': tokenJson(`{"token":"${secrets.accessToken}`),
  'a token that is no text': tokenJson(`{"token":["${secrets.accessToken}"]}`),
  'a token that no field can carry': tokenJson(JSON.stringify({ token: `${secrets.accessToken}\r\n` })),
  'no token, but another': tokenJson(`{"refresh_token":"${secrets.refreshToken}"}`),
  'a token behind a redirect': on(
    /\/token\?|\/token$/,
    says(307, '', { location: `http://127.0.0.1:1/token?key=${secrets.signature}` }),
  ),
};

/** What a command of the command line prints, with everything told that can be. */
async function printed({ host, environment }: Scene): Promise<string> {
  const runs = [
    ['lookup', `${host}/r:1`],
    ['copy', `${host}/r:1`, `${host}/o:1`],
  ];
  let output = '';
  for (const [command = '', ...references] of runs) {
    const args = [command, '--stats', '--trace', '--max-wait', '1ms', ...references];
    const { stdout, stderr } = await stowage(args, { environment });
    output += stdout + stderr;
  }
  return output;
}

/** Everything that the library tells, or leaves in errors, in all the ways in which they are written. */
async function told({ host, environment }: Scene): Promise<string> {
  let output = '';
  const note = (value: unknown): void => {
    output += `${String(value)} ${JSON.stringify(value)} ${inspect(value, { depth: 10, showHidden: true })}\n`;
    if (value instanceof Error) output += value.stack;
  };
  const places = createPlaces({
    credentials: defaultCredentials({ environment }),
    onEvent: note,
    clock: hurried,
    retries: 2,
  });
  const from = places.open(`${host}/r:1`);
  const to = places.open(`${host}/o:1`);
  const things = [
    () => copy(from, to),
    () => copy(from, { registry: memoryRegistry(), repository: 'o' }),
    async () => (await from.registry.getBlob('r', hello.digest)).bytes(),
    () => to.registry.pushBlob('o', config.descriptor, config.bytes),
    () => to.registry.startUpload('other'),
  ];
  for (const thing of things) await thing().catch(note);
  await places.close();
  return output;
}

describe.each(Object.entries(logins))('[A45] logged in by %s', (_, login) => {
  test('nothing is told when all goes well, though all of it was sent', async () => {
    const it = await scene(undefined, login);
    const output = (await printed(it)) + (await told(it));
    expectSilence(output);
    // That they were there to be told.
    expect(output).toContain('GET manifest');
    const sent = 'identitytoken' in login ? secrets.identityToken : secrets.password;
    for (const secret of [sent, secrets.accessToken, secrets.signature, secrets.uploadState])
      expect(it.seen()).toContain(secret);
    expect(it.seen()).not.toContain(secrets.cookie);
  });

  test.each(Object.entries(tokenFaults))('%s', async (_, fault) => {
    const it = await scene(fault, login);
    expectSilence(await printed(it));
    expectSilence(await told(it));
  });
});

test.each(Object.entries(faults))('[A45] %s', async (_, fault) => {
  const it = await scene(fault);
  expectSilence(await printed(it));
  expectSilence(await told(it));
});

test.each([
  ['fails', `echo ${secrets.password}; echo ${secrets.password} >&2; exit 1`],
  ['prints no JSON', `echo "<${secrets.password}>"`],
  ['prints half of it', `echo '{"Username":"someone","Secret":"${secrets.password}'`],
])('[A45] a helper that %s', async (_, script) => {
  const it = await scene();
  const helper = join(it.home, 'docker-credential-canary');
  await writeFile(helper, `#!/bin/sh\n${script}\n`);
  await chmod(helper, 0o755);
  await writeFile(join(it.home, 'config.json'), '{"credsStore":"canary"}');
  const output = (await printed(it)) + (await told(it));
  expect(output).toContain('docker-credential-canary');
  expectSilence(output);
});

test.each([
  ['is no JSON', `{"auths":{"HOST":{"auth":"${logins.password.auth}"`],
  ['has a password that is none', `{"auths":{"HOST":{"auth":["${secrets.password}"]}}}`],
  [
    'has a login without a colon',
    `{"auths":{"HOST":{"auth":"${Buffer.from(secrets.password).toString('base64')}"}}}`,
  ],
])('[A45] a file of logins that %s', async (_, text) => {
  const it = await scene();
  await writeFile(join(it.home, 'config.json'), text.replace('HOST', it.host));
  const output = (await printed(it)) + (await told(it));
  expect(output).toContain('config.json');
  expectSilence(output);
});

test('[A45] what is kept for the next time has no logins, no refresh tokens and no signatures', async () => {
  const it = await scene(undefined, logins['identity token']);
  await mkdir(join(it.home, 'cache'), { recursive: true });
  await printed(it);
  const files = await readdir(it.home, { recursive: true, withFileTypes: true });
  for (const file of files.filter((file) => file.isFile() && file.name !== 'config.json')) {
    const text = (await readFile(join(file.parentPath, file.name))).toString('latin1');
    for (const secret of [
      secrets.password,
      secrets.identityToken,
      secrets.refreshToken,
      secrets.signature,
      secrets.cookie,
    ])
      expect(text, file.name).not.toContain(secret);
  }
});
