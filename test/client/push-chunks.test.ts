/** Pushes in more than one request: when, how large, and what is done where one is not taken as it was sent. */
import { describe, expect, test } from 'vitest';
import { registryClient, type ClientOptions, type RegistryClient } from '../../src/client/index.ts';
import { digestOf, type Digest } from '../../src/oci/index.ts';
import type { Source } from '../../src/registry/index.ts';
import { scripted, type Answer, type Exchange } from '../../src/testing/index.ts';
import type { Transport } from '../../src/transport/index.ts';
import { leapingClock } from '../transport/clock.ts';
import { blob, during, failure } from './talk.ts';

const TEXT = 'hello, world';
const thing = blob(TEXT);
const path = '/v2/r/blobs/uploads';

const start = (headers: Record<string, string> = {}): Exchange => ({
  request: `POST ${path}/`,
  answer: { status: 202, headers: { location: `${path}/0`, ...headers } },
});
/** A chunk from an offset up to an end. */
const patch = (at: string, from: number, end: number, answer: Answer): Exchange => ({
  request: `PATCH ${path}/${at}`,
  headers: {
    'content-range': `${from}-${end - 1}`,
    'content-length': String(end - from),
    'content-type': 'application/octet-stream',
  },
  body: TEXT.slice(from, end),
  answer,
});
/** The last one, with the digest. */
const put = (at: string, from: number, answer: Answer = { status: 201 }): Exchange => ({
  request: `PUT ${path}/${at}?digest=${thing.digest}`,
  headers: {
    'content-range': from === 0 ? undefined : `${from}-${TEXT.length - 1}`,
    'content-length': String(TEXT.length - from),
  },
  body: TEXT.slice(from),
  answer,
});
const ask = (at: string, range: string, to: string): Exchange => ({
  request: `GET ${path}/${at}`,
  answer: { status: 204, headers: { location: `${path}/${to}`, range } },
});
const cancel = (at: string): Exchange => ({ request: `DELETE ${path}/${at}`, answer: { status: 204 } });
const taken = (to: string, range?: string): Answer => ({
  status: 202,
  headers: { location: `${path}/${to}`, range },
});

const inFives = (): ClientOptions => ({ chunkSize: 5, retries: 5, clock: leapingClock() });
const push =
  (source: Source = thing.bytes) =>
  (registry: RegistryClient) =>
    registry.pushBlob('r', thing.descriptor, source);

const sources: readonly (readonly [string, () => Source])[] = [
  ['bytes', () => thing.bytes],
  ['a function', () => () => new Blob([TEXT]).stream()],
  ['a stream', () => new Blob([TEXT]).stream()],
  [
    'a stream in pieces that are no chunks',
    () =>
      (async function* () {
        for (const piece of ['hel', '', 'lo, w', 'orld']) yield Buffer.from(piece);
      })(),
  ],
];

describe('chunks that are asked for', () => {
  test.each(sources)(
    '%s: each on the newest Location, the last with the PUT [rows 91, 92, 95]',
    async (_, source) => {
      await during(
        [start(), patch('0', 0, 5, taken('1', '0-4')), patch('1', 5, 10, taken('2', '0-9')), put('2', 10)],
        push(source()),
        inFives(),
      );
    },
  );

  test('one that fits goes as a whole', async () => {
    await during([start(), put('0', 0)], push(), { chunkSize: 12 });
  });

  test('are no smaller than the registry wants them', async () => {
    await during(
      [start({ 'oci-chunk-min-length': '7' }), patch('0', 0, 7, taken('1', '0-6')), put('1', 7)],
      push(),
      inFives(),
    );
  });

  test('that are not told of afterwards: our own count is believed [row 86]', async () => {
    await during(
      [start(), patch('0', 0, 5, taken('1')), patch('1', 5, 10, { status: 202 }), put('1', 10)],
      push(),
      inFives(),
    );
  });

  test.each(['0-', '5-9', 'hello', '0-99'])(
    'of which "%s" is told: it is asked where the upload stands [row 86]',
    async (range) => {
      await during(
        [
          start(),
          patch('0', 0, 5, taken('1', range)),
          ask('1', '0-4', '2'),
          patch('2', 5, 10, taken('3')),
          put('3', 10),
        ],
        push(),
        inFives(),
      );
    },
  );

  test('of which a part is taken: the remainder is sent [row 94]', async () => {
    await during(
      [
        start(),
        patch('0', 0, 5, taken('1', '0-2')),
        ask('1', '0-2', '2'),
        patch('2', 3, 8, taken('3', '0-7')),
        put('3', 8),
      ],
      push(),
      inFives(),
    );
  });

  test('of which a part is taken, of a stream that cannot be sent again', async () => {
    const rows = [start(), patch('0', 0, 5, taken('1', '0-2')), ask('1', '0-2', '2'), cancel('1')];
    const source = new Blob([TEXT]).stream();
    expect((await failure(during(rows, push(source), inFives()))).code).toBe('UPLOAD_RANGE_MISMATCH');
  });

  test('that are out of place (416): they go on where the registry says [row 93]', async () => {
    await during(
      [
        start(),
        patch('0', 0, 5, taken('1', '0-4')),
        patch('1', 5, 10, { status: 416 }),
        ask('1', '0-6', '2'),
        put('2', 7),
      ],
      push(),
      inFives(),
    );
  });

  test.each<readonly [string, Answer]>([
    ['a connection that breaks', { reset: true }],
    ['500', { status: 500 }],
  ])('%s: what is missing of the chunk, and the rest', async (_, answer) => {
    await during(
      [
        start(),
        patch('0', 0, 5, taken('1', '0-4')),
        patch('1', 5, 10, answer),
        ask('1', '0-4', '1'),
        patch('1', 5, 10, taken('2', '0-9')),
        put('2', 10),
      ],
      push(),
      inFives(),
    );
  });

  const gone: Answer = { status: 404, body: '{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}' };
  const head = (status: number): Exchange => ({
    request: `HEAD /v2/r/blobs/${thing.digest}`,
    answer: { status, headers: status === 200 ? { 'content-length': String(TEXT.length) } : {} },
  });
  const begun = [start(), patch('0', 0, 5, taken('1', '0-4'))];
  const all = [...begun, patch('1', 5, 10, taken('2', '0-9'))];

  test('whose upload has vanished behind the first one: it is begun anew', async () => {
    await during([...begun, patch('1', 5, 10, gone), head(404), ...all, put('2', 10)], push(), inFives());
  });

  test('whose upload has vanished before the last one: it is begun anew, if the blob is not there', async () => {
    await during([...all, put('2', 10, gone), head(404), ...all, put('2', 10)], push(), inFives());
    await during([...all, put('2', 10, gone), head(200)], push(), inFives());
  });

  test('whose upload vanishes each time: begun anew twice, and then it fails', async () => {
    const lost = [...begun, patch('1', 5, 10, gone), head(404)];
    const rows = [...lost, ...lost, ...lost, cancel('1')];
    expect((await failure(during(rows, push(), inFives()))).code).toBe('BLOB_UPLOAD_UNKNOWN');
  });

  test('of other bytes than were promised: not tried again', async () => {
    const wrong = { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' };
    const rows = [...all, put('2', 10, wrong), cancel('2')];
    expect((await failure(during(rows, push(), inFives()))).code).toBe('DIGEST_INVALID');
  });

  test('a stream is gone on with where it stands, and nowhere else', async () => {
    const rows = [start(), patch('0', 0, 5, { reset: true }), ask('0', '0-4', '1')];
    const source = (): Source => new Blob([TEXT]).stream();
    await during([...rows, patch('1', 5, 10, taken('2', '0-9')), put('2', 10)], push(source()), inFives());
    const behind = [start(), patch('0', 0, 5, { reset: true }), ask('0', '0-3', '1'), cancel('0')];
    expect((await failure(during(behind, push(source()), inFives()))).code).toBe('UNAVAILABLE');
  });

  test('of a source that is too short: seen at its end, and the upload cancelled', async () => {
    const source = (): Uint8Array => Buffer.from('hello, worl');
    const first = [start(), patch('0', 0, 5, taken('1', '0-4')), patch('1', 5, 10, taken('2', '0-9'))];
    const error = await failure(during([...first, cancel('2')], push(source), inFives()));
    expect(error.code).toBe('SIZE_INVALID');
  });

  test('of a source that is too long: none of the piece that is too much is sent', async () => {
    const source = (): Uint8Array => Buffer.from('hello, world!');
    const error = await failure(during([start(), cancel('0')], push(source), inFives()));
    expect(error.code).toBe('SIZE_INVALID');
  });
});

const MIB = 1024 * 1024;

/** A blob of zeros, of which no more than a piece is ever held. */
function zeros(size: number): { readonly digest: Digest; readonly size: number; readonly source: Source } {
  const piece = new Uint8Array(MIB);
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (let left = size; left > 0; left -= MIB) yield piece.subarray(0, left);
  };
  // Nobody looks at it here.
  return { digest: digestOf(new Uint8Array()), size, source };
}

/** What is sent of such a blob: methods, with their Content-Range, or the length of what has none. */
async function sent(
  size: number,
  headers: Record<string, string>,
  options: ClientOptions = {},
  refuse: (length: number) => boolean = () => false,
): Promise<readonly string[]> {
  const lines: string[] = [];
  let held = 0;
  const transport: Transport = async ({ method, url, headers: fields, body }) => {
    let length = 0;
    for await (const piece of body?.open() ?? []) length += piece.length;
    const isTooLarge = refuse(length);
    lines.push(`${method} ${fields['content-range'] ?? (method === 'GET' ? '' : length)}`.trim());
    if (!isTooLarge) held += length;
    const status = isTooLarge ? 413 : method === 'PUT' ? 201 : method === 'GET' ? 204 : 202;
    return {
      status,
      url,
      headers: { location: `${path}/1`, range: `0-${Math.max(0, held - 1)}`, ...headers },
      body: (async function* () {})(),
      discard: async () => {},
    };
  };
  const { digest, source } = zeros(size);
  const registry = registryClient('registry.test', { transport, ...options });
  await registry.pushBlob('r', { digest, size }, source);
  return lines;
}

const state = { location: `${path}/1?_state=x` };
const chunks = (size: number, chunk: number, method = 'PATCH'): string[] =>
  Array.from({ length: Math.ceil(size / chunk) }, (_, at) => {
    const end = Math.min(size, (at + 1) * chunk);
    return `${end === size ? 'PUT' : method} ${at * chunk}-${end - 1}`;
  });

describe('what is sent of a blob', () => {
  test('of 64 MiB: all in one, anywhere', async () => {
    expect(await sent(64 * MIB, state)).toEqual(['POST 0', `PUT ${64 * MIB}`]);
  });

  test('of more: all in one, where what a break leaves is kept', async () => {
    expect(await sent(65 * MIB, {})).toEqual(['POST 0', `PUT ${65 * MIB}`]);
  });

  test('of more, to distribution: 16 MiB each, and the rest with the PUT', async () => {
    expect(await sent(65 * MIB, state)).toEqual(['POST 0', ...chunks(65 * MIB, 16 * MIB)]);
  });

  test('of more, to a registry that says how large chunks are to be: no smaller', async () => {
    expect(await sent(65 * MIB, { 'oci-chunk-min-length': '5000000' })).toEqual([
      'POST 0',
      ...chunks(65 * MIB, 16 * MIB),
    ]);
    expect(await sent(65 * MIB, { 'oci-chunk-min-length': String(20 * MIB) })).toEqual([
      'POST 0',
      ...chunks(65 * MIB, 20 * MIB),
    ]);
  });

  test('that is too large for a proxy (413): less and less', async () => {
    expect(await sent(2 * MIB, {}, {}, (length) => length > MIB)).toEqual([
      'POST 0',
      `PUT ${2 * MIB}`,
      'GET',
      ...chunks(2 * MIB, MIB),
    ]);
    expect(await sent(40 * MIB, {}, {}, (length) => length > 5 * MIB)).toEqual([
      'POST 0',
      `PUT ${40 * MIB}`,
      'GET',
      `PATCH 0-${16 * MIB - 1}`,
      'GET',
      ...chunks(40 * MIB, 4 * MIB),
    ]);
  });

  test('that is too large however little it is: an error', async () => {
    const rows = [start(), put('0', 0, { status: 413 }), cancel('0')];
    expect(await failure(during(rows, push()))).toMatchObject({
      code: 'SIZE_INVALID',
      status: 413,
    });
  });

  test('whose connection breaks each time: in chunks, from the third time on', async () => {
    const size = 20 * MIB;
    const { digest, source } = zeros(size);
    const lines: string[] = [];
    const broken = { reset: true };
    const at = (request: string, answer: Answer): Exchange => ({ request, answer });
    const whole = at(`PUT ${path}/0?digest=${digest}`, broken);
    const asked = at(`GET ${path}/0`, { status: 204, headers: { range: '0-0' } });
    const script = scripted([
      start(),
      whole,
      asked,
      whole,
      asked,
      whole,
      asked,
      at(`PATCH ${path}/0`, { status: 202, headers: { range: `0-${16 * MIB - 1}` } }),
      at(`PUT ${path}/0?digest=${digest}`, { status: 201 }),
    ]);
    const registry = registryClient('registry.test', { transport: script.transport, clock: leapingClock() });
    await registry.pushBlob('r', { digest, size }, source);
    script.done();
    for (const { method, headers } of script.requests.slice(-2))
      lines.push(`${method} ${headers['content-range']}`);
    expect(lines).toEqual(chunks(size, 16 * MIB));
  });
});
