/** What is learnt of a registry once, and whom it serves. */
import { expect, test } from 'vitest';
import { createAuthorizer } from '../../src/auth/authorize.ts';
import { noScope, repositoryScope } from '../../src/auth/scope.ts';
import { requestToken } from '../../src/auth/token.ts';
import { failure, script, token, unauthorized } from './script.ts';

const REGISTRY = 'https://registry.example.com/v2';
const CHALLENGE = 'Bearer realm="https://registry.example.com/token",service="s"';
const TOKEN = 'GET https://registry.example.com/token?service=s';
const x = repositoryScope('x', 'pull');
const get = (url: string) => ({ method: 'GET', url: new URL(url), headers: {} });

test('[row 3] a host is the same in capitals, and with its default port', async () => {
  const server = script(
    [`GET ${REGISTRY}/`, unauthorized(CHALLENGE)],
    [TOKEN, token('t')],
    [`GET ${REGISTRY}/ | Bearer t`, {}],
    [`${TOKEN}&scope=repository:x:pull`, token('t-x')],
    [`GET ${REGISTRY}/x/tags/list | Bearer t-x`, {}],
    [`GET ${REGISTRY}/x/manifests/1 | Bearer t-x`, {}],
  );
  const { send } = createAuthorizer(server.transport);
  await send(get(`${REGISTRY}/`), noScope);
  await send(get('https://REGISTRY.example.com/v2/x/tags/list'), x);
  await send(get('https://registry.example.com:443/v2/x/manifests/1'), x);
  server.done();
});

test('[row 4] of 200 requests at once, to many repositories, each gets its own answer', async () => {
  const tokens: string[] = [];
  const { send } = createAuthorizer(async ({ url, headers }) => {
    const scope = url.searchParams.get('scope') ?? '';
    if (url.pathname === '/token') tokens.push(scope);
    const repository = url.pathname.split('/')[2];
    const allowed = headers['authorization'] === `Bearer for repository:${repository}:pull`;
    return {
      status: url.pathname === '/token' || allowed ? 200 : 401,
      headers: { 'www-authenticate': CHALLENGE },
      url,
      body: (async function* () {
        yield Buffer.from(JSON.stringify({ token: `for ${scope}` }));
      })(),
      discard: async () => {},
    };
  });
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, at) => {
      const repository = `r${at % 20}`;
      return send(get(`${REGISTRY}/${repository}/blobs/${at}`), repositoryScope(repository, 'pull'));
    }),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 200 }, () => 200));
  expect(answers.map(({ url }) => url.pathname)).toEqual(
    Array.from({ length: 200 }, (_, at) => `/v2/r${at % 20}/blobs/${at}`),
  );
  expect(tokens.toSorted(), 'one token for each repository').toEqual(
    Array.from({ length: 20 }, (_, at) => `repository:r${at}:pull`).toSorted(),
  );
});

test('[row 34] a registry that greets everybody, and asks for a repository, is answered there', async () => {
  const server = script(
    [`GET ${REGISTRY}/`, {}],
    [`GET ${REGISTRY}/x/tags/list`, unauthorized(`${CHALLENGE},scope="repository:x:pull"`)],
    [`${TOKEN}&scope=repository:x:pull`, token('t')],
    [`GET ${REGISTRY}/x/tags/list | Bearer t`, {}],
  );
  const { send } = createAuthorizer(server.transport);
  await send(get(`${REGISTRY}/`), noScope);
  expect((await send(get(`${REGISTRY}/x/tags/list`), x)).status).toBe(200);
  server.done();
});

// We say classes of no repository: what needs one says so itself, and gets its own words.
test('[row 29] a class of repositories that the registry names is asked for as it is', async () => {
  const server = script(
    [`GET ${REGISTRY}/x/tags/list`, unauthorized(`${CHALLENGE},scope="repository(plugin):x:pull"`)],
    [`${TOKEN}&scope=repository:x:pull&scope=repository(plugin):x:pull`, { status: 403 }],
    [`${TOKEN}&scope=repository(plugin):x:pull`, token('t')],
    [`GET ${REGISTRY}/x/tags/list | Bearer t`, {}],
  );
  const { send } = createAuthorizer(server.transport);
  expect((await send(get(`${REGISTRY}/x/tags/list`), x)).status).toBe(200);
  server.done();
});

// POST is never insisted on: what has no secret to send is asked for by GET, and nothing else is tried.
test('[row 23] nobody asks by POST', async () => {
  const server = script([TOKEN, { status: 405 }]);
  const question = {
    realm: new URL('https://registry.example.com/token'),
    host: 'r',
    service: 's',
    scopes: [],
  };
  const error = await failure(requestToken(server.transport, question, () => 0));
  expect(error).toMatchObject({ code: 'AUTH_TOKEN_INVALID' });
  server.done();
});
