import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Auth } from '../../src/buildkit/proto/auth_pb.ts';
import { scriptedServer, type Exchange } from '../../src/testing/index.ts';
import { fakeDaemon, type FakeSession } from '../buildkit/fake-daemon.ts';
import { stowage, type Ran } from './stowage.ts';

const BASIC = `Basic ${Buffer.from('me:s3cret-pw').toString('base64')}`;
const salt = Buffer.alloc(32, 7);

/** Runs `stowage build` with a builder that asks for what it needs to pull. @param host the registry that we know */
async function build(
  host: string,
  ask: (session: FakeSession) => Promise<void>,
  { args = [], env = {} }: { readonly args?: readonly string[]; readonly env?: Record<string, string> } = {},
): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-tokens-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'Dockerfile'), `FROM ${host}/app\n`);
  const auth = Buffer.from('me:s3cret-pw').toString('base64');
  await writeFile(join(folder, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }));
  const fake = await fakeDaemon('buildkitd', {
    control: (session) => ({
      async solve({ session: id }) {
        await ask(await session(id));
        return {};
      },
    }),
  });
  onTestFinished(fake.close);
  const environment = { BUILDKIT_HOST: fake.address, DOCKER_CONFIG: folder, ...env };
  return stowage(['build', '--progress', 'quiet', '-t', 'app', ...args, folder], { environment });
}

/** A registry's token server. */
async function tokenServer(exchanges: readonly Exchange[]) {
  const server = await scriptedServer(exchanges);
  onTestFinished(server.close);
  return { ...server, host: new URL(server.url).host, realm: `${server.url}/token` };
}

const pull = { service: 'here', scopes: ['repository:app:pull'] };

test('the builder gets tokens, and no password, where there is a token server', async () => {
  const request = 'GET /token?service=here&scope=repository:app:pull&account=me';
  const server = await tokenServer([
    { request, headers: { authorization: BASIC }, answer: { body: '{"token":"for you","expires_in":300}' } },
  ]);
  const got: unknown[] = [];
  const { host, realm } = server;
  const { code, stderr } = await build(
    host,
    async (session) => {
      const auth = session.service(Auth);
      const { publicKey } = await auth.getTokenAuthority({ host, salt });
      got.push(publicKey.length, (await auth.fetchToken({ host, realm, ...pull })).token);
    },
    { args: ['--trace'] },
  );
  expect([code, got]).toEqual([0, [32, 'for you']]);
  server.done();
  expect(stderr).toContain('/token');
  for (const secret of ['s3cret-pw', BASIC, 'for you']) expect(stderr).not.toContain(secret);
});

test('a password goes to no token server of another site, unless that is allowed', async () => {
  const server = await tokenServer([
    {
      request: 'GET /token?service=here&scope=repository:app:pull&account=me',
      answer: { body: '{"token":"t"}' },
    },
  ]);
  const realm = server.realm.replace('127.0.0.1', 'localhost');
  const failures: unknown[] = [];
  const ask = async (session: FakeSession): Promise<void> => {
    const asked = session.service(Auth).fetchToken({ host: server.host, realm, ...pull });
    await asked.catch((error: unknown) => failures.push((error as Error).message));
  };
  await build(server.host, ask);
  expect(failures).toEqual([expect.stringContaining('on another site')]);
  expect(server.requests).toEqual([]);
  await build(server.host, ask, { args: ['--allow-realm', 'localhost'] });
  expect(failures).toHaveLength(1);
  server.done();
});

test('tokens of ours can be turned off, as with buildx', async () => {
  const failures: unknown[] = [];
  await build(
    '127.0.0.1:1',
    async (session) => {
      const asked = session.service(Auth).getTokenAuthority({ host: '127.0.0.1:1', salt });
      await asked.catch((error: unknown) => failures.push((error as Error).message));
    },
    { env: { BUILDKIT_NO_CLIENT_TOKEN: '1' } },
  );
  expect(failures).toEqual([expect.stringContaining('GetTokenAuthority')]);
});
