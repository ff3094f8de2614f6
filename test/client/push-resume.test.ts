/** Pushes that break off: what is asked then, and from where on the bytes are sent again. */
import { describe, expect, test } from 'vitest';
import {
  registryClient,
  type ClientEvent,
  type ClientOptions,
  type RegistryClient,
} from '../../src/client/index.ts';
import { RegistryError, type Source } from '../../src/registry/index.ts';
import { scripted, type Answer, type Exchange } from '../../src/testing/index.ts';
import type { Transport } from '../../src/transport/index.ts';
import { leapingClock } from '../transport/clock.ts';
import { blob, during, failure, talk } from './talk.ts';

const TEXT = 'hello, world';
const thing = blob(TEXT);
const path = '/v2/r/blobs/uploads';
const octets = 'application/octet-stream';

const start = (to = '0'): Exchange => ({
  request: `POST ${path}/`,
  answer: { status: 202, headers: { location: `${path}/${to}?_state=s` } },
});
/** A PUT of all, to an upload that was just begun. */
const put = (to: string, answer: Answer): Exchange => ({
  request: `PUT ${path}/${to}?_state=s&digest=${thing.digest}`,
  headers: { 'content-length': String(TEXT.length), 'content-range': undefined, 'content-type': octets },
  body: TEXT,
  answer,
});
/** A PUT of what is left from an offset on. */
const rest = (to: string, from: number, answer: Answer): Exchange => ({
  request: `PUT ${path}/${to}?_state=s&digest=${thing.digest}`,
  headers: {
    'content-length': String(TEXT.length - from),
    'content-range': from === TEXT.length ? undefined : `${from}-${TEXT.length - 1}`,
    'content-type': octets,
  },
  body: TEXT.slice(from),
  answer,
});
const ask = (from: string, answer: Answer): Exchange => ({
  request: `GET ${path}/${from}?_state=s`,
  headers: { 'content-length': undefined },
  answer,
});
/** That it stands so, at a new place. */
const stands = (range: string, to: string): Answer => ({
  status: 204,
  headers: { location: `${path}/${to}?_state=s`, range },
});
const head = (status: number): Exchange => ({
  request: `HEAD /v2/r/blobs/${thing.digest}`,
  answer: { status, headers: status === 200 ? { 'content-length': String(TEXT.length) } : {} },
});
const cancel = (from: string): Exchange => ({
  request: `DELETE ${path}/${from}?_state=s`,
  answer: { status: 204 },
});
const gone: Answer = { status: 404, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}' };
const wrongBytes: Answer = { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' };
const done: Answer = { status: 201 };
const reset: Answer = { reset: true };

/** A source that tells from where it was opened. */
function opening(): { readonly source: Source; readonly offsets: number[] } {
  const offsets: number[] = [];
  return {
    offsets,
    source: {
      open(offset) {
        offsets.push(offset);
        return Buffer.from(TEXT.slice(offset));
      },
    },
  };
}

const patient = (): ClientOptions => ({ retries: 5, clock: leapingClock() });
const push =
  (source: Source = thing.bytes) =>
  (registry: RegistryClient) =>
    registry.pushBlob('r', thing.descriptor, source);

describe('a PUT that breaks', () => {
  test.each<readonly [string, Answer]>([
    ['by its connection', reset],
    ['with 408', { status: 408 }],
    ['with 500', { status: 500 }],
    ['with 502', { status: 502 }],
    ['with 503', { status: 503 }],
    ['with 504', { status: 504 }],
  ])('%s: it is asked where the upload stands, and the rest is sent', async (_, answer) => {
    const { source, offsets } = opening();
    const descriptor = await during(
      [start(), put('0', answer), ask('0', stands('0-4', '1')), rest('1', 5, done)],
      push(source),
      patient(),
    );
    expect(descriptor).toEqual(thing.descriptor);
    // What the registry holds is not read again.
    expect(offsets).toEqual([0, 5]);
  });

  test.each<readonly [string, Source]>([
    ['bytes', thing.bytes],
    ['a blob', new Blob([TEXT])],
    ['a function', () => Buffer.from(TEXT)],
    ['a function that opens a stream', () => new Blob([TEXT]).stream()],
  ])('the rest of %s', async (_, source) => {
    await during(
      [start(), put('0', reset), ask('0', stands('0-4', '1')), rest('1', 5, done)],
      push(source),
      patient(),
    );
  });

  test('with all of it there: the closing PUT has no bytes, and the source is left alone', async () => {
    const { source, offsets } = opening();
    await during(
      [start(), put('0', reset), ask('0', stands('0-11', '1')), rest('1', 12, done)],
      push(source),
      patient(),
    );
    expect(offsets).toEqual([0]);
  });

  test('with all of it there: a stream that was read to its end will do', async () => {
    const rows = [start(), put('0', reset), ask('0', stands('0-11', '1')), rest('1', 12, done)];
    await during(rows, push(new Blob([TEXT]).stream()), patient());
  });

  test('is waited for a little longer each time, by chance', async () => {
    const clock = leapingClock();
    const again = [ask('0', stands('0-0', '0')), rest('0', 0, reset)];
    const last = [ask('0', stands('0-0', '0')), rest('0', 0, done)];
    await during([start(), put('0', reset), ...again, ...again, ...last], push(), { retries: 3, clock });
    expect(clock.slept).toEqual([400, 700, 1150]);
  });

  test('is told', async () => {
    const events: ClientEvent[] = [];
    await during([start(), put('0', reset), ask('0', stands('0-4', '1')), rest('1', 5, done)], push(), {
      ...patient(),
      onEvent: (event) => events.push(event),
    });
    expect(events.filter(({ type }) => type === 'upload-resume')).toEqual([
      { type: 'upload-resume', host: 'registry.test', repository: 'r', digest: thing.digest, offset: 5 },
    ]);
  });

  test('is sent once by each try, and not again behind our back', async () => {
    const { registry, requests } = talk([start(), put('0', done)], patient());
    await push()(registry);
    expect(requests.map(({ once = false }) => once)).toEqual([false, true]);
  });
});

describe('it ends', () => {
  test('after so many breaks without progress, with the last error, and the upload cancelled', async () => {
    const rows = [1, 2, 3, 4, 5].flatMap(() => [ask('0', stands('0-0', '0')), rest('0', 0, { status: 503 })]);
    const error = await failure(during([start(), put('0', reset), ...rows, cancel('0')], push(), patient()));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', status: 503, method: 'PUT', repository: 'r' });
    expect(error.message).not.toContain('_state=s');
    expect(error.url).not.toContain('_state=s');
  });

  test('at once, where no retries are wanted', async () => {
    const rows = [start(), put('0', reset), cancel('0')];
    expect((await failure(during(rows, push(), { retries: 0 }))).code).toBe('UNAVAILABLE');
  });

  test('when the question is refused', async () => {
    const rows = [start(), put('0', reset), ask('0', { status: 403 }), cancel('0')];
    expect((await failure(during(rows, push(), patient()))).code).toBe('DENIED');
  });

  test('when the source is a stream that has gone past', async () => {
    const source = new Blob([TEXT]).stream();
    const rows = [start(), put('0', reset), ask('0', stands('0-4', '1')), cancel('0')];
    expect((await failure(during(rows, push(source), patient()))).code).toBe('UNAVAILABLE');
  });

  test('when the source itself fails, though with an error like ours', async () => {
    const broken = new RegistryError('UNAVAILABLE', 'the other registry is gone');
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('hello');
      throw broken;
    };
    // The body fails while it is sent, so the PUT is none that the script gets to see.
    const error = await failure(during([start(), cancel('0')], push(failing), patient()));
    expect(error).toBe(broken);
  });

  test('when the caller wants no more', async () => {
    const ending = new AbortController();
    const clock = {
      ...leapingClock(),
      async sleep(): Promise<void> {
        ending.abort(new Error('enough'));
        ending.signal.throwIfAborted();
      },
    };
    const { registry, done: played } = talk([start(), put('0', reset), cancel('0')], {
      retries: 5,
      clock,
    });
    const pushing = registry.pushBlob('r', thing.descriptor, thing.bytes, { signal: ending.signal });
    await expect(pushing).rejects.toThrow('enough');
    played();
  });
});

describe('an upload that is not known after a break', () => {
  test('was committed, if the blob is there', async () => {
    const rows = [start(), put('0', reset), ask('0', gone), head(200)];
    expect(await during(rows, push(), patient())).toEqual(thing.descriptor);
  });

  test.each([404, 400, 405])('(%i) is begun anew, if it is not', async (status) => {
    await during(
      [start(), put('0', reset), ask('0', { status }), head(404), start('5'), put('5', done)],
      push(),
      patient(),
    );
  });

  test('and one of which nothing is told', async () => {
    const silent = { status: 204, headers: { location: `${path}/1` } };
    await during(
      [start(), put('0', reset), ask('0', silent), head(404), start('5'), put('5', done)],
      push(),
      patient(),
    );
  });

  test('and one that holds more than there is', async () => {
    const more = stands('0-99', '1');
    await during(
      [start(), put('0', reset), ask('0', more), head(404), start('5'), put('5', done)],
      push(),
      patient(),
    );
  });

  test('when the rest is sent', async () => {
    await during(
      [
        start(),
        put('0', reset),
        ask('0', stands('0-4', '1')),
        rest('1', 5, gone),
        head(404),
        start('5'),
        put('5', done),
      ],
      push(),
      patient(),
    );
  });

  test('is begun anew twice, and then it fails with what broke', async () => {
    const lost = (at: string): Exchange[] => [put(at, reset), ask(at, gone), head(404)];
    const rows = [start(), ...lost('0'), start('1'), ...lost('1'), start('2'), ...lost('2'), cancel('2')];
    const error = await failure(during(rows, push(), patient()));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', method: 'PUT' });
  });

  test('at the first request to it is an error, and no reason to do anything again', async () => {
    const rows = [start(), put('0', gone), cancel('0')];
    expect((await failure(during(rows, push(), patient()))).code).toBe('BLOB_UPLOAD_UNKNOWN');
  });
});

describe('the wrong digest', () => {
  test('is not tried again in the same session [row 96]', async () => {
    const rows = [start(), put('0', wrongBytes), cancel('0')];
    expect((await failure(during(rows, push(), patient()))).code).toBe('DIGEST_INVALID');
  });

  test('in a session that was gone on with: it is begun anew, from POST [row 96]', async () => {
    await during(
      [
        start(),
        put('0', reset),
        ask('0', stands('0-4', '1')),
        rest('1', 5, wrongBytes),
        start('5'),
        put('5', done),
      ],
      push(),
      patient(),
    );
  });
});

describe('progress', () => {
  const KIB = 1024;
  const large = blob('x'.repeat(200 * KIB));
  const row = (request: string, answer: Answer): Exchange => ({ request, answer });
  const broken = row(`PUT ${path}/0?_state=s&digest=${large.digest}`, reset);
  const held = (bytes: number): Exchange => ask('0', stands(`0-${bytes - 1}`, '0'));
  const pushLarge = (registry: RegistryClient): Promise<unknown> =>
    registry.pushBlob('r', large.descriptor, large.bytes);
  const once = (): ClientOptions => ({ retries: 1, clock: leapingClock() });

  test('of 64 KiB lets the count begin anew', async () => {
    const end = { ...broken, answer: done };
    await during([start(), broken, held(64 * KIB), broken, held(128 * KIB), end], pushLarge, once());
  });

  test('of less does not: a byte for each try would go on for ever', async () => {
    const rows = [start(), broken, held(64 * KIB - 1), broken, cancel('0')];
    expect((await failure(during(rows, pushLarge, once()))).code).toBe('UNAVAILABLE');
  });
});

test('a source that stalls when its request breaks is told that nobody waits for it', async () => {
  let told: AbortSignal | undefined;
  const source: Source = {
    async *open(offset, signal) {
      told ??= signal;
      yield Buffer.from(TEXT.slice(offset, 5));
      if (offset === 0) await new Promise(() => {});
      yield Buffer.from(TEXT.slice(Math.max(offset, 5)));
    },
  };
  const script = scripted([start(), ask('0', stands('0-2', '1')), rest('1', 3, done)]);
  const transport: Transport = async (request) => {
    if (request.method !== 'PUT' || told !== undefined) return script.transport(request);
    const body = request.body?.open()[Symbol.asyncIterator]();
    await body?.next();
    body?.next().catch(() => {});
    throw new RegistryError('UNAVAILABLE', 'the connection broke');
  };
  await push(source)(registryClient('registry.test', { transport, ...patient() }));
  script.done();
  expect(told?.aborted).toBe(true);
});

test('a stream whose next piece is on its way when its request breaks: that piece is not lost', async () => {
  let go = (): void => {};
  const late = new Promise<void>((resolve) => (go = resolve));
  const stream = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('hello');
    await late;
    yield Buffer.from(', world');
  };
  const script = scripted([start(), ask('0', stands('0-4', '1')), rest('1', 5, done)]);
  let broke = false;
  const transport: Transport = async (request) => {
    if (request.method === 'GET') go();
    if (request.method !== 'PUT' || broke) return script.transport(request);
    broke = true;
    const body = request.body?.open()[Symbol.asyncIterator]();
    await body?.next();
    // Of a request that is over, nobody waits for what it fails with.
    body?.next().catch(() => {});
    throw new RegistryError('UNAVAILABLE', 'the connection broke');
  };
  await push(stream())(registryClient('registry.test', { transport, ...patient() }));
  script.done();
});

test('416: it is asked where the upload stands, without a wait [row 93]', async () => {
  const clock = leapingClock();
  await during(
    [start(), put('0', { status: 416 }), ask('0', stands('0-6', '1')), rest('1', 7, done)],
    push(),
    { retries: 0, clock },
  );
  expect(clock.slept).toEqual([]);
});

test('416, again and again: it ends', async () => {
  const wrong = { status: 416 };
  const rows = [1, 2, 3, 4, 5].flatMap(() => [ask('0', stands('0-0', '0')), rest('0', 0, wrong)]);
  const error = await failure(during([start(), put('0', wrong), ...rows, cancel('0')], push(), patient()));
  expect(error).toMatchObject({ code: 'RANGE_INVALID', status: 416 });
});

test('what is read on the one connection that there is, is let go before the registry is asked', async () => {
  const events: string[] = [];
  const source: Source = {
    async *open(offset) {
      events.push(`open ${offset}`);
      try {
        for (const letter of TEXT.slice(offset)) yield Buffer.from(letter);
      } finally {
        events.push('closed');
      }
    },
  };
  const chunk = (from: string, at: number, to: number, answer: Answer): Exchange => ({
    request: `PATCH ${path}/${from}?_state=s`,
    headers: { 'content-range': `${at}-${to - 1}` },
    body: TEXT.slice(at, to),
    answer,
  });
  const script = scripted([
    start(),
    chunk('0', 0, 6, reset),
    ask('0', stands('0-1', '1')),
    chunk('1', 2, 8, { ...stands('0-7', '2'), status: 202 }),
    rest('2', 8, done),
  ]);
  const transport: Transport = (request) => {
    events.push(request.method);
    return script.transport(request);
  };
  const registry = registryClient('registry.test', {
    transport,
    chunkSize: 6,
    clock: leapingClock(),
  });
  await registry.pushBlob('r', thing.descriptor, source);
  script.done();
  expect(events).toEqual(['POST', 'PATCH', 'open 0', 'closed', 'GET', 'PATCH', 'open 2', 'PUT', 'closed']);
});
