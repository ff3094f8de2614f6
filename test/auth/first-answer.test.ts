/** Requests that come at once to a registry that nobody has met: one goes first. */
import { describe, expect, test, vi } from 'vitest';
import { createAuthorizer, repositoryScope } from '../../src/auth/index.ts';
import { openable, RegistryError, type Source } from '../../src/registry/index.ts';
import type { TransportRequest, TransportResponse } from '../../src/transport/index.ts';
import { failure } from './script.ts';

const REALM = 'https://registry.example.com/token';
const scope = repositoryScope('x', 'pull');

/** A request on the wire that nobody has answered yet. */
interface Pending {
  readonly line: string;
  answer(status: number): void;
  fail(error: Error): void;
}

/** A registry whose answers come when the test says so; its token server answers at once. */
function slowRegistry() {
  const pending: Pending[] = [];
  const lines: string[] = [];
  const respond = (url: URL, status: number, body = ''): TransportResponse => ({
    status,
    url,
    headers: status === 401 ? { 'www-authenticate': `Bearer realm="${REALM}"` } : {},
    body: (async function* () {
      yield Buffer.from(body);
    })(),
    discard: async () => {},
  });
  const transport = async ({
    method,
    url,
    headers,
    signal,
  }: TransportRequest): Promise<TransportResponse> => {
    const line = [method, url.pathname, headers['authorization']].filter(Boolean).join(' ');
    lines.push(line);
    if (url.href.startsWith(REALM)) return respond(url, 200, '{"token":"t"}');
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
      pending.push({ line, answer: (status) => resolve(respond(url, status)), fail: reject });
    });
  };
  const authorizer = createAuthorizer(transport);
  const send = (method: string, path: string, more: { signal?: AbortSignal; body?: Source } = {}) =>
    authorizer.send(
      {
        method,
        url: new URL(`https://registry.example.com/v2/x/${path}`),
        headers: {},
        ...(more.signal && { signal: more.signal }),
        ...(more.body && { body: openable(more.body) }),
      },
      scope,
    );
  /** Waits for the next request on the wire. */
  const next = async (): Promise<Pending> => {
    await vi.waitFor(() => expect(pending).not.toEqual([]), { interval: 1 });
    return pending.shift() as Pending;
  };
  /** The requests so far, once whatever is going to happen by itself has happened. */
  const settled = async (): Promise<readonly string[]> => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return lines;
  };
  return { send, next, settled };
}

const stream = (): Source =>
  (async function* () {
    yield Buffer.from('{}');
  })();

describe('one goes first', () => {
  test('[row 32] and the others go with what it learnt', async () => {
    const { send, next, settled } = slowRegistry();
    const all = [send('GET', 'a'), send('GET', 'b'), send('GET', 'c')];
    expect(await settled()).toEqual(['GET /v2/x/a']);
    (await next()).answer(401);
    const lines = await settled();
    expect(lines.slice(0, 2)).toEqual(['GET /v2/x/a', 'GET /token']);
    expect(lines.slice(2).toSorted()).toEqual(['a', 'b', 'c'].map((name) => `GET /v2/x/${name} Bearer t`));
    for (const _ of all) (await next()).answer(200);
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  test.each([200, 404, 429, 500])('and after its answer of %d nobody waits any more', async (status) => {
    const { send, next, settled } = slowRegistry();
    const first = [send('GET', 'a'), send('GET', 'b')];
    expect(await settled()).toEqual(['GET /v2/x/a']);
    (await next()).answer(status);
    expect(await settled()).toEqual(['GET /v2/x/a', 'GET /v2/x/b']);
    const later = [send('GET', 'c'), send('GET', 'd')];
    expect(await settled()).toHaveLength(4);
    for (let at = 0; at < 3; at++) (await next()).answer(200);
    await Promise.all([...first, ...later]);
  });

  test('if it fails, the others are not held up in turn', async () => {
    const { send, next, settled } = slowRegistry();
    const first = failure(send('GET', 'a'));
    const others = [send('GET', 'b'), send('GET', 'c')];
    (await next()).fail(new RegistryError('UNAVAILABLE', 'the connection broke'));
    expect(await first).toMatchObject({ code: 'UNAVAILABLE' });
    expect(await settled()).toEqual(['GET /v2/x/a', 'GET /v2/x/b', 'GET /v2/x/c']);
    for (const _ of others) (await next()).answer(200);
    await Promise.all(others);
  });

  test('if it is given up, the others go', async () => {
    const { send, next, settled } = slowRegistry();
    const leaver = new AbortController();
    const first = failure(send('GET', 'a', { signal: leaver.signal }));
    const other = send('GET', 'b');
    await next();
    leaver.abort(new Error('gone'));
    expect(await first).toMatchObject({ message: 'gone' });
    expect(await settled()).toEqual(['GET /v2/x/a', 'GET /v2/x/b']);
    (await next()).answer(200);
    expect((await other).status).toBe(200);
  });
});

describe('who waits', () => {
  test('may give up', async () => {
    const { send, next, settled } = slowRegistry();
    const leaver = new AbortController();
    const first = send('GET', 'a');
    const other = failure(send('GET', 'b', { signal: leaver.signal }));
    leaver.abort(new Error('gone'));
    expect(await other).toMatchObject({ message: 'gone' });
    (await next()).answer(200);
    await first;
    expect(await settled()).toEqual(['GET /v2/x/a']);
  });

  test('does not wait for one with a body, whose answer may take an hour', async () => {
    const { send, next, settled } = slowRegistry();
    const push = send('PUT', 'a', { body: stream() });
    const read = send('GET', 'b');
    expect(await settled()).toEqual(['PUT /v2/x/a', 'GET /v2/x/b']);
    const slow = await next();
    (await next()).answer(200);
    expect((await read).status).toBe(200);
    slow.answer(200);
    await push;
  });

  test('does not, once one with a body was answered', async () => {
    const { send, next, settled } = slowRegistry();
    const push = send('PUT', 'a', { body: stream() });
    (await next()).answer(200);
    await push;
    const reads = [send('GET', 'b'), send('GET', 'c')];
    expect(await settled()).toEqual(['PUT /v2/x/a', 'GET /v2/x/b', 'GET /v2/x/c']);
    for (const _ of reads) (await next()).answer(200);
    await Promise.all(reads);
  });

  test('may have a body: one that cannot be sent again is then sent once, with a token', async () => {
    const { send, next, settled } = slowRegistry();
    const read = send('GET', 'a');
    const push = send('PUT', 'b', { body: stream() });
    expect(await settled()).toEqual(['GET /v2/x/a']);
    (await next()).answer(401);
    for (let at = 0; at < 2; at++) (await next()).answer(200);
    expect((await Promise.all([read, push])).map(({ status }) => status)).toEqual([200, 200]);
    expect((await settled()).filter((line) => line.startsWith('PUT'))).toEqual(['PUT /v2/x/b Bearer t']);
  });
});
