/** What becomes of answers that are errors. */
import { describe, expect, test } from 'vitest';
import { staticCredentials } from '../../src/auth/index.ts';
import type { RegistryClient } from '../../src/client/index.ts';
import { isDenied, isNotFound, isRateLimited } from '../../src/registry/index.ts';
import type { Answer, Exchange } from '../../src/testing/index.ts';
import { all, during, failure, hello, image } from './talk.ts';

const read = (registry: RegistryClient) => registry.getManifest('r', '1');
const answered = (answer: Answer): Exchange => ({ request: 'GET /v2/r/manifests/1', answer });
const errors = (...list: readonly object[]): string => JSON.stringify({ errors: list });
const refused = (answer: Answer) => failure(during([answered(answer)], read));

describe('401', () => {
  test('[row 101] in the form of the specification', async () => {
    const body = errors({ code: 'UNAUTHORIZED', message: 'authentication required' });
    const error = await refused({ status: 401, body });
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', status: 401, repository: 'r' });
    expect(error.message).toContain('registry.test');
  });

  test('[row 102] in no form', async () => {
    const error = await refused({ status: 401, body: '{invalid json}' });
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', status: 401 });
  });

  test('[row 103] to a token that was just got is DENIED: to ask again would not help', async () => {
    const challenge = 'Bearer realm="https://registry.test/token"';
    const insufficient = `${challenge},error="insufficient_scope",error_description="d"`;
    const body = errors({ code: 'UNAUTHORIZED', message: 'd' });
    const rows = [
      answered({ status: 401, headers: { 'www-authenticate': challenge } }),
      { request: 'GET /token?scope=repository:r:pull', answer: { body: '{"token":"t"}' } },
      answered({ status: 401, headers: { 'www-authenticate': insufficient }, body }),
    ];
    const error = await failure(during(rows, read));
    expect(error.code).toBe('DENIED');
    expect(error.message).toContain('(d)');
    expect(isDenied(error)).toBe(true);
  });
});

describe('404', () => {
  test.each(['{}', '{"errors":[]}', '<html>\n<h1>not here</h1>'])(
    '[rows 104, 105] %j: the status counts, and the body is kept',
    async (body) => {
      const error = await refused({ status: 404, headers: { 'content-type': 'text/html' }, body });
      expect(error).toMatchObject({ code: 'MANIFEST_UNKNOWN', status: 404 });
      expect(error.detail).toBe(body.replace('\n', '\\x0a'));
      expect(isNotFound(error)).toBe(true);
    },
  );

  test('[row 105] a long page is cut', async () => {
    const error = await refused({ status: 404, body: '<p>'.repeat(10_000) });
    expect(String(error.detail).length).toBeLessThan(600);
  });

  test('of a server to which we were sent: its words, which may repeat the signed address, are not kept', async () => {
    const rows = [
      {
        request: `GET /v2/r/blobs/${hello.digest}`,
        answer: { status: 307, headers: { location: '/s?sig=canary' } },
      },
      { request: 'GET /s?sig=canary', answer: { status: 403, body: '<Signature>canary</Signature>' } },
    ];
    const error = await failure(during(rows, (registry) => registry.getBlob('r', hello.digest)));
    expect(error).toMatchObject({ code: 'DENIED', status: 403, detail: undefined });
    expect(`${error.message}${JSON.stringify(error)}`).not.toContain('canary');
  });
});

test.each(['details', 'message', 'error'])('[row 106] 403 with its words as %j', async (name) => {
  const error = await refused({ status: 403, body: JSON.stringify({ [name]: 'incorrect username' }) });
  expect(error).toMatchObject({ code: 'DENIED', status: 403 });
  expect(error.message).toBe('registry.test/r:1: not allowed (incorrect username)');
});

test('[row 107] 429: how long to wait is told', async () => {
  const error = await refused({ status: 429, headers: { 'retry-after': '3' }, body: 'slow down' });
  expect(error).toMatchObject({ code: 'TOOMANYREQUESTS', status: 429, retryAfter: 3 });
  expect(isRateLimited(error)).toBe(true);
});

test('[row 108] 503 in the form of the specification: code, detail and status are kept', async () => {
  const body = errors({ code: 'UNAVAILABLE', message: 'maintenance', detail: { until: 'noon' } });
  const error = await refused({ status: 503, body });
  expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 503, detail: { until: 'noon' } });
  expect(error.message).toContain('maintenance');
});

test('[row 109] a code that nobody knows is kept', async () => {
  const body = errors({ code: 'X_VENDOR', message: 'odd' });
  expect(await refused({ status: 400, body })).toMatchObject({ code: 'X_VENDOR', status: 400 });
});

test.each([
  [401, 'UNAUTHORIZED'],
  [403, 'DENIED'],
  [404, 'MANIFEST_UNKNOWN'],
  [429, 'TOOMANYREQUESTS'],
  [500, 'UNAVAILABLE'],
])('[row 110] HEAD answered with %i, which has no body: %s', async (status, code) => {
  const row = { request: 'HEAD /v2/r/manifests/1', answer: { status } };
  const error = await failure(during([row], (registry) => registry.resolveManifest('r', '1')));
  expect(error).toMatchObject({ code, status, method: 'HEAD' });
});

test.each(['text/html', ';;', 'application/json; charset="'])(
  '[row 111] an error as %j is read all the same',
  async (type) => {
    const body = errors({ code: 'MANIFEST_UNKNOWN', message: 'gone' });
    const error = await refused({ status: 404, headers: { 'content-type': type }, body });
    expect(error).toMatchObject({ code: 'MANIFEST_UNKNOWN', status: 404 });
    expect(error.message).toContain('gone');
  },
);

describe('a server that repeats what it was sent', () => {
  const password = 'canary-password';
  const basic = Buffer.from(`someone:${password}`).toString('base64');
  const credentials = staticCredentials({ 'registry.test': { username: 'someone', password } });
  const wantsPassword = answered({ status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } });

  test.each<[string, Answer]>([
    ['in its words', { status: 403, body: errors({ code: 'X', message: `not with Basic ${basic}` }) }],
    ['read', { status: 403, body: errors({ code: 'X', message: `no ${password}` }) }],
    [
      'where a long text is cut',
      { status: 403, body: errors({ code: 'X', message: 'x'.repeat(495) + basic }) },
    ],
    ['in a detail', { status: 403, body: errors({ code: 'X', detail: { [password]: [basic] } }) }],
    ['as a page', { status: 404, body: `<p>${basic}</p>` }],
    ['in other words', { status: 403, body: JSON.stringify({ message: basic }) }],
    ['as a digest', { headers: { 'docker-content-digest': `Basic ${basic}` }, body: image.bytes }],
    ['as an encoding', { headers: { 'content-encoding': `Basic ${basic}` }, body: image.bytes }],
  ])('%s: it is taken out', async (_, answer) => {
    const error = await failure(during([wantsPassword, answered(answer)], read, { credentials }));
    const shown = `${error.message} ${JSON.stringify(error)}`;
    expect(shown).not.toContain(basic.slice(0, 8));
    expect(shown).not.toContain('canary');
  });

  test('escaped, as JSON has it: it is taken out', async () => {
    const difficult = 'canary "p\\ss" w\u00f6rd';
    const login = staticCredentials({ 'registry.test': { username: 'someone', password: difficult } });
    const answer = { status: 403, body: errors({ code: 'X', message: `no ${difficult}` }) };
    const error = await failure(during([wantsPassword, answered(answer)], read, { credentials: login }));
    expect(`${error.message} ${JSON.stringify(error)}`).not.toContain('canary');
  });

  test('in a warning: it is taken out', async () => {
    const texts: string[] = [];
    const page = { request: 'GET /v2/r/tags/list?n=1000' };
    const rows = [
      { ...page, answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } } },
      { ...page, answer: { headers: { warning: `299 - "you are ${basic}"` }, body: '{"tags":[]}' } },
    ];
    await during(rows, (registry) => all(registry.tags('r')), {
      credentials,
      onEvent: (event) => void (event.type === 'warning' && texts.push(event.text)),
    });
    expect(texts).toEqual(['you are …']);
  });
});

test('[A33] a detail that is nested a thousand times is kept as far as it can be written', async () => {
  const body = `{"errors":[{"code":"X","detail":${'['.repeat(30_000)}${']'.repeat(30_000)}}]}`;
  const error = await refused({ status: 400, body });
  expect(JSON.stringify(error.detail).length).toBeLessThan(100);
});
