import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openable, RegistryError, type OpenableSource } from '../../src/registry/index.ts';
import {
  fetchTransport,
  retry,
  undiciTransport,
  type RetryEvent,
  type RetryOptions,
  type Transport,
  type TransportRequest,
} from '../../src/transport/index.ts';
import { scripted, type Answer } from '../../src/testing/index.ts';
import { leapingClock } from './clock.ts';
import { freePort, httpServer, rawServer } from './server.ts';

const url = new URL('https://registry.test/x?sig=canary');
const request = (more: Partial<TransportRequest> = {}): TransportRequest => ({
  method: 'GET',
  url,
  headers: {},
  ...more,
});

/** A connection that failed, in the way that Node tells by this code. */
const fault = (code: string, method = 'GET'): RegistryError =>
  new RegistryError('UNAVAILABLE', `${method} https://registry.test/x?sig=…: broken`, {
    method,
    url: 'https://registry.test/x?sig=…',
    cause: Object.assign(new Error('broken'), { code }),
  });
const broken = (code: string, method?: string) => ({ fail: fault(code, method) }) satisfies Answer;

interface Played {
  /** The status that came back, or what was thrown. */
  readonly end: unknown;
  readonly delays: readonly number[];
  readonly events: readonly RetryEvent[];
}

/** Sends one request to a server that answers so, in turn; all of its answers have to be used, and let go. */
async function play(
  answers: readonly Answer[],
  sent: TransportRequest = request(),
  options: RetryOptions & { readonly random?: () => number } = {},
): Promise<Played> {
  const line = `${sent.method} /x?sig=canary`;
  const { transport, done } = scripted(answers.map((answer) => ({ request: line, answer })));
  const clock = leapingClock(options.random);
  const events: RetryEvent[] = [];
  const send = retry(transport, { clock, ...options, onEvent: (event) => events.push(event) });
  const end = await send(sent).then(
    async (response) => {
      await response.discard();
      return response.status;
    },
    (error: unknown) => error,
  );
  done();
  return { end, delays: clock.slept, events };
}

const ok: Answer = { status: 200 };
const status = (code: number, headers: Record<string, string> = {}): Answer => ({
  status: code,
  headers,
  body: 'no',
});
const times = (count: number, answer: Answer): Answer[] => Array.from({ length: count }, () => answer);

describe('what is sent again', () => {
  test.each([408, 429, 500, 502, 503, 504])('%i', async (code) => {
    expect((await play([status(code), ok])).end).toBe(200);
  });

  test.each([
    'ECONNRESET',
    'EPIPE',
    'ETIMEDOUT',
    'EAI_AGAIN',
    'UND_ERR_SOCKET',
    'UND_ERR_CONNECT_TIMEOUT',
    'UND_ERR_HEADERS_TIMEOUT',
    'ECONNREFUSED',
  ])('a connection that failed with %s', async (code) => {
    expect((await play([broken(code), ok])).end).toBe(200);
  });

  test.each([200, 202, 304, 307, 400, 401, 403, 404, 405, 409, 413, 416, 425, 501, 505, 507])(
    'never %i',
    async (code) => {
      expect(await play([status(code, { 'retry-after': '1' })])).toEqual({
        end: code,
        delays: [],
        events: [],
      });
    },
  );

  test.each([
    'ENOTFOUND',
    'CERT_HAS_EXPIRED',
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'HPE_INVALID_CONSTANT',
    'UND_ERR_HEADERS_OVERFLOW',
    'UND_ERR_CLOSED',
  ])('never what %s says, which the next time will be no better', async (code) => {
    const answer = broken(code);
    expect(await play([answer])).toMatchObject({ end: answer.fail, delays: [] });
  });

  test('never any other error', async () => {
    for (const fail of [
      new Error('broken'),
      Object.assign(new Error('a file'), { code: 'ECONNRESET' }),
      new RegistryError('TOOMANYREQUESTS', 'in a pause', { status: 429 }),
      new RegistryError('UNAVAILABLE', 'in a pause', { status: 503 }),
    ])
      expect(await play([{ fail }])).toMatchObject({ end: fail, delays: [] });
  });

  test('at most five times, then the last answer is given as it is', async () => {
    const { end, events } = await play([...times(5, status(503)), status(502)]);
    expect(end).toBe(502);
    expect(events.map(({ attempt }) => attempt)).toEqual([2, 3, 4, 5, 6]);
    expect((await play(times(3, status(503)), request(), { retries: 2 })).end).toBe(503);
    expect((await play([status(503)], request(), { retries: 0 })).end).toBe(503);
  });

  test('the last error says how often it was tried, and is otherwise the same', async () => {
    const answer = broken('ECONNRESET');
    const { end } = await play(times(6, answer));
    expect(end).toMatchObject({
      code: 'UNAVAILABLE',
      message: 'GET https://registry.test/x?sig=…: broken (after 6 tries)',
      method: 'GET',
      url: 'https://registry.test/x?sig=…',
      cause: answer.fail.cause,
    });
  });

  test('where nobody listens, twice more, within a second: it may be a wrong port', async () => {
    const { end, delays } = await play(times(3, broken('ECONNREFUSED')), request(), { random: () => 0.999 });
    expect(end).toMatchObject({ message: expect.stringContaining('(after 3 tries)') });
    expect(delays).toHaveLength(2);
    expect(delays.reduce((sum, each) => sum + each, 0)).toBeLessThan(1000);
  });

  test('each repetition is told, without secrets', async () => {
    const { events } = await play([status(503), broken('ECONNRESET'), ok], request(), { random: () => 0 });
    const event = { type: 'retry', method: 'GET', url: 'https://registry.test/x?sig=…', delay: 200 };
    expect(events).toEqual([
      { ...event, reason: '503', attempt: 2 },
      { ...event, reason: 'ECONNRESET', attempt: 3 },
    ]);
  });
});

describe('bodies', () => {
  const put = (body: OpenableSource, more: Partial<TransportRequest> = {}) =>
    request({ method: 'PUT', body, ...more });
  const stream = () =>
    openable(
      (async function* () {
        yield Buffer.from('hello');
      })(),
    );

  test('that can be opened again are', async () => {
    for (const source of [Buffer.from('hello'), () => Buffer.from('hello'), new Blob(['hello'])])
      expect((await play([status(503), broken('EPIPE', 'PUT'), ok], put(openable(source)))).end).toBe(200);
  });

  test('that cannot are sent once, whatever the answer', async () => {
    expect((await play([status(503)], put(stream()))).end).toBe(503);
    const answer = broken('ECONNREFUSED', 'PUT');
    expect((await play([answer], put(stream()))).end).toBe(answer.fail);
  });

  test('what their own source throws is no reason, though it looks like a connection', async () => {
    const fail = fault('ECONNRESET', 'GET');
    const body = openable(() => Promise.reject(fail));
    let sent = 0;
    const transport: Transport = async ({ body: opened }) => {
      sent++;
      for await (const _ of opened?.open() ?? []);
      throw new Error('the source has failed before');
    };
    await expect(retry(transport, { clock: leapingClock() })(put(body))).rejects.toBe(fail);
    expect(sent).toBe(1);
  });

  test('of which the server may have kept a part are sent again only if it has not', async () => {
    const chunk = put(openable(Buffer.from('hello')), { once: true });
    for (const answer of [status(429), broken('ECONNREFUSED', 'PUT')])
      expect((await play([answer, ok], chunk)).end).toBe(200);
    for (const code of [408, 500, 502, 503, 504]) expect((await play([status(code)], chunk)).end).toBe(code);
    for (const code of ['ECONNRESET', 'EPIPE', 'UND_ERR_HEADERS_TIMEOUT']) {
      const answer = broken(code, 'PUT');
      expect((await play([answer], chunk)).end).toBe(answer.fail);
    }
  });
});

describe('delays', () => {
  test('grow, spread by chance, between the base and three times the last one, and are capped', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        async (chances) => {
          const random = (): number => chances.next().value as number;
          const { delays } = await play(times(13, status(503)), request(), { retries: 12, random });
          expect(delays).toHaveLength(12);
          let last = 200;
          for (const delay of delays) {
            expect(delay).toBeGreaterThanOrEqual(200);
            expect(delay).toBeLessThanOrEqual(Math.min(10_000, last * 3));
            last = delay;
          }
        },
      ),
    );
  });

  test('with the least luck they reach the cap, with the most they stay short', async () => {
    const of = async (random: () => number) =>
      (await play(times(6, status(503)), request(), { random })).delays;
    expect(await of(() => 0)).toEqual([200, 200, 200, 200, 200]);
    expect((await of(() => 0.9999)).map(Math.round)).toEqual([600, 1800, 5399, 10_000, 10_000]);
  });

  test('are at least what the server asks for', async () => {
    const { delays } = await play([
      status(503, { 'retry-after': '7' }),
      status(429, { 'ratelimit-reset': '9' }),
      ok,
    ]);
    expect(delays).toEqual([7000, 9000]);
  });

  test('[row 107] are not begun, if all together would be longer than may be waited', async () => {
    const asked = status(429, { 'retry-after': '3' });
    expect(await play([asked], request(), { maxWait: 2999 })).toEqual({ end: 429, delays: [], events: [] });
    expect((await play([asked, asked, asked], request(), { maxWait: 8999 })).delays).toEqual([3000, 3000]);
    expect((await play([status(429, { 'retry-after': '3600' })])).end).toBe(429);
    expect(await play([broken('ECONNREFUSED')], request(), { maxWait: 0 })).toMatchObject({ delays: [] });
  });

  test('end with the signal, and nothing more is sent', async () => {
    const reason = new Error('enough');
    const ending = new AbortController();
    const { transport, done } = scripted([{ request: 'GET /x?sig=canary', answer: status(503) }]);
    const send = retry(transport, { onEvent: () => ending.abort(reason) });
    await expect(send(request({ signal: ending.signal }))).rejects.toBe(reason);
    done();
  });

  test('an abort is not tried again, whatever its reason is', async () => {
    const reason = fault('ECONNRESET');
    const ending = new AbortController();
    let sent = 0;
    const transport: Transport = async () => {
      sent++;
      ending.abort(reason);
      throw reason;
    };
    const events: RetryEvent[] = [];
    const send = retry(transport, { clock: leapingClock(), onEvent: (event) => events.push(event) });
    await expect(send(request({ signal: ending.signal }))).rejects.toBe(reason);
    expect({ sent, events }).toEqual({ sent: 1, events: [] });
  });
});

describe.each<[string, () => Transport]>([
  ['undici', () => undiciTransport().send],
  ['fetch', () => fetchTransport()],
])('over %s', (_, create) => {
  const clock = leapingClock();
  const get = (to: URL): TransportRequest => ({ method: 'GET', url: to, headers: {} });
  /** How often it was tried. */
  async function tries(to: URL): Promise<number> {
    let sent = 0;
    const transport = create();
    const counted: Transport = (one) => {
      sent++;
      return transport(one);
    };
    await retry(counted, { clock, retries: 3 })(get(to)).then(
      (response) => response.discard(),
      () => {},
    );
    return sent;
  }

  test('a connection that breaks is tried again, nobody listening a little, no HTTP and no TLS not at all', async () => {
    expect(await tries((await rawServer((socket) => socket.destroy())).url)).toBe(4);
    expect(await tries(new URL(`http://127.0.0.1:${await freePort()}/`))).toBe(3);
    expect(await tries((await rawServer('SSH-2.0-OpenSSH_9.2\r\n')).url)).toBe(1);
    const plain = await httpServer((__, response) => response.end());
    expect(await tries(new URL(`https://${plain.url.host}/`))).toBe(1);
  });

  test('a source that fails is not', async () => {
    const server = await httpServer((one, response) => one.on('end', () => response.end()).resume());
    const fail = fault('ECONNRESET');
    let opened = 0;
    const body = openable(() => {
      opened++;
      return Promise.reject(fail);
    });
    await expect(retry(create(), { clock })({ ...get(server.url), method: 'PUT', body })).rejects.toBe(fail);
    expect(opened).toBe(1);
  });
});
