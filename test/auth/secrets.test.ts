/** Whatever fails, and whatever servers, files and helpers say: nothing that is told has a secret in it. */
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { createAuthorizer } from '../../src/auth/authorize.ts';
import { defaultCredentials, staticCredentials, type CredentialSource } from '../../src/auth/credentials.ts';
import type { TokenEvent } from '../../src/auth/event.ts';
import { repositoryScope } from '../../src/auth/scope.ts';
import { RegistryError } from '../../src/registry/index.ts';
import { followRedirects, type TransportRequest } from '../../src/transport/index.ts';
import { base64, home } from './folder.ts';
import { failure, unauthorized, type Answer } from './script.ts';

const HOST = 'registry.example.com';
const CANARY = 'canary/pä +ss=wörd';
/** The secret in every form in which it travels, or comes back. */
const FORMS = [
  CANARY,
  base64(CANARY),
  base64(`alice:${CANARY}`),
  encodeURIComponent(CANARY),
  new URLSearchParams({ x: CANARY }).toString().slice(2),
];
const TOKEN = 'canary-token';
const by = (own: object): CredentialSource => staticCredentials({ [HOST]: { ...own, origin: 'a test' } });
const password = by({ username: 'alice', password: CANARY });
const identity = by({ identityToken: CANARY });

type Servant = (request: TransportRequest, sent: string) => Answer;
const bearer = (realm = `https://${HOST}/token`): Answer =>
  unauthorized(`Bearer realm="${realm}",service="s",scope="repository:x:pull"`);
const basic = unauthorized('Basic realm="x"');
const said = (status: number, words: string): Answer => ({
  status,
  headers: {
    'www-authenticate': `Bearer realm="https://${HOST}/token",service="s",scope="repository:x:pull"`,
  },
  body: JSON.stringify({ errors: [{ message: words }], details: words, error_description: words }),
});
/** A token server that answers so. */
const tokenServer =
  (answer: Servant): Servant =>
  (request, sent) =>
    request.url.pathname === '/token' ? answer(request, sent) : bearer();
const giving = JSON.stringify({ token: TOKEN, refresh_token: CANARY });

const paths: readonly (readonly [name: string, credentials: CredentialSource, answer: Servant])[] = [
  ...[401, 403, 429, 500].flatMap((status) =>
    [password, identity].map(
      (who) =>
        [
          `a token server that echoes with ${status}`,
          who,
          tokenServer((_, sent) => said(status, sent)),
        ] as const,
    ),
  ),
  ...FORMS.map(
    (form) => [`a token server that says ${form}`, password, tokenServer(() => said(401, form))] as const,
  ),
  ['an answer that breaks off', password, tokenServer(() => ({ body: `{"token":"${TOKEN}` }))],
  ['a token that no header can have', password, tokenServer(() => ({ body: `{"token":"${TOKEN}\\n"}` }))],
  [
    'a registry that echoes a refused token',
    password,
    ({ url, headers }) =>
      url.pathname === '/token' ? { body: giving } : said(401, `no: ${headers['authorization'] ?? ''}`),
  ],
  [
    'a registry that echoes a refused password',
    password,
    ({ headers }) =>
      headers['authorization'] === undefined
        ? basic
        : { ...said(401, headers['authorization']), headers: { 'www-authenticate': 'Basic realm="x"' } },
  ],
  [
    'a token of the user’s that is refused',
    by({ registryToken: CANARY }),
    () => said(401, `Bearer ${CANARY}`),
  ],
  ['a realm with a user', password, () => bearer(`https://u:${encodeURIComponent(CANARY)}@${HOST}/token`)],
  ['a realm elsewhere', password, () => bearer('https://evil.test/token')],
  [
    'a token server that redirects',
    password,
    ({ url }) => {
      if (url.pathname !== '/token') return bearer();
      const location = `https://${url.host === HOST ? 'other.example.com' : url.host}/next?s=${encodeURIComponent(CANARY)}`;
      return { status: 307, headers: { location } };
    },
  ],
  ['a token server that knows no way', password, tokenServer((_, sent) => said(405, sent))],
];

/** All that is told of a failed request. */
async function toldOf(credentials: CredentialSource, answer: Servant): Promise<string> {
  const events: TokenEvent[] = [];
  const transport = followRedirects(async (request) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request.body?.open() ?? []) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    const sent = `${request.headers['authorization'] ?? ''} ${body} ${decodeURIComponent(body)} ${request.url.href}`;
    const { status = 200, headers = {}, body: text = '' } = answer(request, sent);
    return {
      status,
      headers,
      url: request.url,
      body: (async function* () {
        yield Buffer.from(text);
      })(),
      discard: async () => {},
    };
  });
  const { send } = createAuthorizer(transport, { credentials, onEvent: (event) => events.push(event) });
  const request = {
    method: 'GET',
    url: new URL(`https://${HOST}/v2/x/tags/list?_state=${TOKEN}`),
    headers: {},
  };
  const error = await failure(send(request, repositoryScope('x', 'pull')));
  expect(error).toBeInstanceOf(RegistryError);
  const { message, stack } = error as RegistryError;
  const shown = inspect(error, { depth: Infinity, showHidden: true, maxStringLength: null });
  return [message, stack, JSON.stringify(error), shown, JSON.stringify(events)].join('\n');
}

function expectNoSecret(told: string): void {
  for (const secret of [...FORMS, TOKEN]) expect(told).not.toContain(secret);
}

test.each(paths)('[A45] %s', async (_name, credentials, answer) => {
  expectNoSecret(await toldOf(credentials, answer));
});

test.each([
  ['that breaks off', `{"auths":{"${HOST}":{"password":"${CANARY}"`],
  ['with a password that is no text', { auths: { [HOST]: { username: 'alice', password: [CANARY] } } }],
  ['with what is not base64', { auths: { [HOST]: { auth: `${CANARY}!` } } }],
  [
    'with a helper of a wrong name',
    { credHelpers: { [HOST]: '../evil' }, auths: { [HOST]: { auth: CANARY } } },
  ],
  ['with a helper that fails and says why', { credsStore: 'bad' }],
])('[A45] [A46] a file of passwords %s', async (_name, content) => {
  const { environment, write, helper } = home();
  helper('bad', `echo '${CANARY}'; echo '${CANARY}' >&2; exit 1`);
  write('.docker/config.json', content);
  const told = await toldOf(defaultCredentials({ environment }), () => basic);
  expectNoSecret(told);
  expect(told).toContain('CREDENTIALS_INVALID');
});
