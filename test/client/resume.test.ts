/** Reads that break off in the middle. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { ClientEvent, ClientOptions, RegistryClient } from '../../src/client/index.ts';
import { mediaTypes } from '../../src/oci/index.ts';
import { RegistryError } from '../../src/registry/index.ts';
import type { Answer, Exchange } from '../../src/testing/index.ts';
import { leapingClock } from '../transport/clock.ts';
import { all, blob, during, failure, hello, image, talk } from './talk.ts';

/** 26 bytes, each of which tells its place. */
const letters = blob('abcdefghijklmnopqrstuvwxyz');
const text = Buffer.from(letters.bytes).toString();
const total = text.length;

/** The options of a client that does not wait, and what it tells. */
function patient(
  retries = 5,
): ClientOptions & { readonly told: ClientEvent[]; readonly slept: readonly number[] } {
  const [told, clock] = [[] as ClientEvent[], leapingClock()];
  const onEvent = (event: ClientEvent): void => void (event.type === 'resume' && told.push(event));
  return { retries, clock, onEvent, told, slept: clock.slept };
}

const get = (range: string | undefined, answer: Answer): Exchange => ({
  request: `GET /v2/r/blobs/${letters.digest}`,
  headers: { range, 'accept-encoding': 'identity' },
  answer,
});
/** The whole, which may be cut after so many bytes. */
const whole = (cut?: number, headers: Record<string, string> = {}): Answer => ({
  headers: { 'content-length': String(total), ...headers },
  body: text,
  ...(cut !== undefined && { cut }),
});
/** What lies from a place on, which may be cut after so many bytes more. */
const rest = (from: number, cut?: number, headers: Record<string, string> = {}): Answer => ({
  status: 206,
  headers: { 'content-range': `bytes ${from}-${total - 1}/${total}`, ...headers },
  body: text.slice(from),
  ...(cut !== undefined && { cut }),
});
const read = async (registry: RegistryClient) => (await registry.getBlob('r', letters.digest)).text();

describe('[row 118] the body of a blob that breaks', () => {
  test('is read on from where it broke', async () => {
    const options = patient();
    const rows = [get(undefined, whole(10)), get('bytes=10-25', rest(10))];
    expect(await during(rows, read, options)).toBe(text);
    expect(options.told).toEqual([
      {
        type: 'resume',
        url: `https://registry.test/v2/r/blobs/${letters.digest}`,
        offset: 10,
        reason: expect.any(String),
      },
    ]);
    expect(options.slept).toHaveLength(1);
  });

  test('twice, and before its first byte', async () => {
    const rows = [
      get(undefined, whole(0)),
      get('bytes=0-25', rest(0, 7)),
      get('bytes=7-25', rest(7, 12)),
      get('bytes=19-25', rest(19)),
    ];
    expect(await during(rows, read, patient())).toBe(text);
  });

  test('is asked of the registry again, not of the content server whose signature may have run out', async () => {
    const sent = { status: 307, headers: { location: 'https://cdn.test/x?sig=canary' } };
    const cdn = (range: string | undefined, answer: Answer): Exchange => ({
      request: 'GET https://cdn.test/x?sig=canary',
      headers: { range, authorization: undefined },
      answer,
    });
    const options = patient();
    const rows = [
      get(undefined, sent),
      cdn(undefined, whole(3)),
      get('bytes=3-25', sent),
      cdn('bytes=3-25', rest(3)),
    ];
    expect(await during(rows, read, options)).toBe(text);
    expect(options.told).toMatchObject([{ url: 'https://cdn.test/x?sig=…' }]);
  });

  test('of a part: what is left of the part', async () => {
    const part = (from: number, to: number, cut?: number): Answer => ({
      status: 206,
      headers: { 'content-range': `bytes ${from}-${to}/${total}` },
      body: text.slice(from, to + 1),
      ...(cut !== undefined && { cut }),
    });
    const rows = [get('bytes=5-9', part(5, 9, 2)), get('bytes=7-9', part(7, 9))];
    const act = async (registry: RegistryClient) =>
      (await registry.getBlob('r', letters.digest, { range: { start: 5, end: 10 } })).text();
    expect(await during(rows, act, patient())).toBe('fghij');
  });

  test('that ends early, though nothing broke', async () => {
    const early = { headers: { 'content-length': String(total) }, body: text.slice(0, 4) };
    expect(await during([get(undefined, early), get('bytes=4-25', rest(4))], read, patient())).toBe(text);
  });

  test('is joined before it is verified: the digest is that of the whole', async () => {
    const other = { ...rest(10), body: 'KLMNOPQRSTUVWXYZ' };
    const error = await failure(
      during([get(undefined, whole(10)), get('bytes=10-25', other)], read, patient()),
    );
    expect(error.code).toBe('DIGEST_MISMATCH');
  });

  test('without retries is an error', async () => {
    const error = await failure(during([get(undefined, whole(10))], read, patient(0)));
    expect(error.code).toBe('UNAVAILABLE');
    expect(error.message).toContain('the answer broke off after 10 of 26 bytes');
  });
});

test('[row 119] where all of it had come there is nothing to ask for', async () => {
  expect(await during([get(undefined, whole(total))], read, patient())).toBe(text);
});

test('[row 119] 416 for what is missing means that there is no more', async () => {
  const rows = [get(undefined, whole(10)), get('bytes=10-25', { status: 416 })];
  const error = await failure(during(rows, read, patient()));
  expect(error).toMatchObject({ code: 'SIZE_MISMATCH', repository: 'r', reference: letters.digest });
  expect(error.message).toContain('registry.test/r@sha256:');
});

describe('[row 114] a registry that does not heed ranges', () => {
  test('sends what had come once more, which is left out', async () => {
    const rows = [get(undefined, whole(10)), get('bytes=10-25', whole(15)), get('bytes=15-25', whole())];
    expect(await during(rows, read, patient())).toBe(text);
  });

  test('and a part: it is cut out', async () => {
    const rows = [get('bytes=5-9', whole(8)), get('bytes=8-9', whole())];
    const act = async (registry: RegistryClient) =>
      (await registry.getBlob('r', letters.digest, { range: { start: 5, end: 10 } })).text();
    expect(await during(rows, act, patient())).toBe('fghij');
  });
});

describe('[row 115] an answer that is not the rest', () => {
  const tag = (etag: string): Record<string, string> => ({ etag });
  const other = { 'docker-content-digest': hello.digest };
  test.each<[string, Answer, Answer, string, RegExp]>([
    [
      'without Content-Range',
      whole(10),
      { status: 206, body: text.slice(10) },
      'RESPONSE_INVALID',
      /has no Content-Range/,
    ],
    ['from another byte on', whole(10), rest(9), 'RESPONSE_INVALID', /begins at byte 9/],
    [
      'that ends before the end',
      whole(10),
      { status: 206, headers: { 'content-range': 'bytes 10-24/26' }, body: text.slice(10, 25) },
      'RESPONSE_INVALID',
      /ends with byte 24, not 25/,
    ],
    [
      'of another size',
      whole(10),
      { ...rest(10), headers: { 'content-range': 'bytes 10-25/27' } },
      'SIZE_MISMATCH',
      /it had 26 bytes .* has 27 now/,
    ],
    [
      'that is the whole, of another size',
      whole(10),
      whole(undefined, { 'content-length': '27' }),
      'SIZE_MISMATCH',
      /27/,
    ],
    ['with another ETag', whole(10, tag('"1"')), rest(10, undefined, tag('"2"')), 'RESPONSE_INVALID', /ETag/],
    ['with another digest', whole(10), rest(10, undefined, other), 'DIGEST_MISMATCH', /the registry sends/],
    [
      'that is encoded',
      whole(10),
      rest(10, undefined, { 'content-encoding': 'gzip' }),
      'ENCODING_REFUSED',
      /gzip/,
    ],
    ['but that it is gone', whole(10), { status: 404 }, 'BLOB_UNKNOWN', /not found/],
  ])('%s', async (_, first, second, code, why) => {
    const error = await failure(during([get(undefined, first), get('bytes=10-25', second)], read, patient()));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(why);
  });

  test('ETags that are weak, or of another server, say nothing', async () => {
    const weak = [
      get(undefined, whole(10, tag('W/"1"'))),
      get('bytes=10-25', rest(10, undefined, tag('"2"'))),
    ];
    expect(await during(weak, read, patient())).toBe(text);
    const moved = { status: 307, headers: { location: 'https://cdn.test/x' } };
    const elsewhere = [
      get(undefined, whole(10, tag('"1"'))),
      get('bytes=10-25', moved),
      { request: 'GET https://cdn.test/x', answer: rest(10, undefined, tag('"2"')) },
    ];
    expect(await during(elsewhere, read, patient())).toBe(text);
  });
});

describe('[row 118] no progress', () => {
  test('five tries in a row that bring nothing end it, each after a longer wait', async () => {
    const options = patient();
    const rows = [
      get(undefined, whole(10)),
      ...Array.from({ length: 5 }, () => get('bytes=10-25', rest(10, 0))),
    ];
    const error = await failure(during(rows, read, options));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', repository: 'r', reference: letters.digest });
    expect(error.message).toMatch(
      /^registry\.test\/r@sha256:\w+: the answer broke off after 10 of 26 bytes, and 5 more tries/,
    );
    expect(error.cause).toMatchObject({ code: 'UNAVAILABLE' });
    expect(options.slept).toHaveLength(5);
    expect([...new Set(options.slept)].toSorted((a, b) => a - b)).toEqual(options.slept);
  });

  test('what comes in small pieces is none', async () => {
    const rows = [
      get(undefined, whole(1)),
      ...[1, 2, 3, 4, 5].map((at) => get(`bytes=${at}-25`, rest(at, 1))),
    ];
    expect((await failure(during(rows, read, patient()))).message).toContain('6 of 26 bytes');
  });

  test('64 KiB are: a large blob comes through any number of breaks', async () => {
    const size = 1024 * 1024;
    const bytes = createHash('shake128', { outputLength: size }).update('seed').digest();
    const large = blob(bytes.toString('latin1'));
    const step = 70_000;
    const answers = Array.from({ length: Math.ceil(large.bytes.length / step) }, (_, at) => at * step);
    const options = patient();
    const rows = answers.map((from) => ({
      request: `GET /v2/r/blobs/${large.digest}`,
      headers: { range: from === 0 ? undefined : `bytes=${from}-${large.bytes.length - 1}` },
      answer: {
        status: from === 0 ? 200 : 206,
        headers: {
          'content-length': String(large.bytes.length - from),
          ...(from > 0 && {
            'content-range': `bytes ${from}-${large.bytes.length - 1}/${large.bytes.length}`,
          }),
        },
        body: large.bytes.subarray(from),
        cut: step,
      },
    }));
    const got = await during(
      rows,
      async (registry) => (await registry.getBlob('r', large.digest)).bytes(),
      options,
    );
    expect(Buffer.compare(got, large.bytes)).toBe(0);
    expect(answers.length).toBeGreaterThan(15);
    // Each wait is a first one.
    expect(new Set(options.slept).size).toBe(1);
  });
});

describe('the caller', () => {
  test('who aborts is not read on for, whatever the reason looks like', async () => {
    const ending = new AbortController();
    const reason = new RegistryError('UNAVAILABLE', 'another copy failed');
    const body = (async function* () {
      yield Buffer.from('abc');
      ending.abort(reason);
      yield Buffer.from('def');
    })();
    const options = patient();
    const { registry, done } = talk([get(undefined, { ...whole(), body })], options);
    const content = await registry.getBlob('r', letters.digest, { signal: ending.signal });
    await expect(content.bytes()).rejects.toBe(reason);
    await content.cancel();
    done();
    expect(options.told).toEqual([]);
  });

  test('who aborts a wait', async () => {
    const ending = new AbortController();
    const reason = new Error('enough');
    const clock = { ...leapingClock(), sleep: async () => ending.abort(reason) };
    const { registry, done } = talk([get(undefined, whole(10))], { retries: 5, clock });
    const content = await registry.getBlob('r', letters.digest, { signal: ending.signal });
    await expect(content.bytes()).rejects.toBe(reason);
    done();
  });

  test('who cancels frees the connection that is in use by then', async () => {
    const { registry, done } = talk([get(undefined, whole(10)), get('bytes=10-25', rest(10))], patient());
    const iterator = (await registry.getBlob('r', letters.digest))[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.return?.();
    done();
  });

  test('who cancels while it waits for the next try is not kept', async () => {
    const clock = {
      ...leapingClock(),
      sleep: (_: number, signal?: AbortSignal) =>
        new Promise<void>((_resolve, reject) =>
          signal?.addEventListener('abort', () => reject(signal.reason as Error)),
        ),
    };
    const { registry, done } = talk([get(undefined, whole(0))], { retries: 5, clock });
    const content = await registry.getBlob('r', letters.digest);
    const reading = content.bytes().catch(() => 'ended');
    await new Promise(setImmediate);
    await content.cancel();
    expect(await reading).toBe('ended');
    done();
  });
});

describe('what is read whole is asked for again from the start', () => {
  const headers = { 'content-type': mediaTypes.ociManifest };
  const manifest = (cut?: number): Exchange => ({
    request: 'GET /v2/r/manifests/1',
    headers: { range: undefined },
    answer: { headers, body: image.bytes, ...(cut !== undefined && { cut }) },
  });
  const page = (cut?: number): Exchange => ({
    request: 'GET /v2/r/tags/list?n=1000',
    answer: { body: '{"tags":["1","2"]}', ...(cut !== undefined && { cut }) },
  });

  test('a manifest', async () => {
    const options = patient();
    const content = await during(
      [manifest(5), manifest(50), manifest()],
      (registry) => registry.getManifest('r', '1'),
      options,
    );
    expect(content.descriptor).toEqual(image.descriptor);
    expect(options.told).toMatchObject([{ offset: 0 }, { offset: 0 }]);
  });

  test('a list', async () => {
    const tags = (registry: RegistryClient) => all(registry.tags('r'));
    expect(await during([page(5), page()], tags, patient())).toEqual(['1', '2']);
  });

  test('five times', async () => {
    const rows = Array.from({ length: 6 }, () => manifest(5));
    const error = await failure(during(rows, (registry) => registry.getManifest('r', '1'), patient()));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', repository: 'r', reference: '1' });
    expect(error.message).toContain('registry.test/r:1: the answer broke off');
  });
});
