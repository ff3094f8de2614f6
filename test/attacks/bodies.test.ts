/** Attacks by what a registry sends: without end, in wrappings, other than was asked for. */
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { registryClient, type RegistryClient } from '../../src/client/index.ts';
import { mediaTypes } from '../../src/oci/index.ts';
import { scripted, type Answer } from '../../src/testing/index.ts';
import { all, failure, hello, image } from '../client/talk.ts';
import { rawServer } from '../transport/server.ts';
import { always, hurried, refusal } from './hostile.ts';

const MIB = 1024 * 1024;
const blob = `/v2/r/blobs/${hello.digest}`;
const asImage = { 'content-type': mediaTypes.ociManifest };
const read = async (registry: RegistryClient) => (await registry.getBlob('r', hello.digest)).bytes();
const tags = (registry: RegistryClient) => all(registry.tags('r'));
const referrers = (registry: RegistryClient) => all(registry.referrers('r', image.digest));
const byTag = (registry: RegistryClient) => registry.getManifest('r', '1');

/** A body without end, and how much of it was taken, in bytes. */
function endless(start = ''): { readonly body: AsyncIterable<Uint8Array>; taken(): number } {
  let taken = 0;
  const chunk = Buffer.alloc(64 * 1024, ' ');
  return {
    taken: () => taken,
    body: (async function* () {
      yield Buffer.from(start);
      for (;;) {
        taken += chunk.length;
        yield chunk;
      }
    })(),
  };
}

describe('[A17] a body without end is left at its limit', () => {
  test.each<
    readonly [
      what: string,
      request: string,
      act: (registry: RegistryClient) => Promise<unknown>,
      answer: Answer,
      limit: number,
      code: string,
      why: RegExp,
    ]
  >([
    [
      'a manifest',
      'GET /v2/r/manifests/1',
      byTag,
      { headers: asImage },
      4 * MIB,
      'RESPONSE_INVALID',
      /more than 4194304 bytes/,
    ],
    [
      'a manifest that lies of its length',
      'GET /v2/r/manifests/1',
      byTag,
      { headers: { ...asImage, 'content-length': '10' } },
      4 * MIB,
      'RESPONSE_INVALID',
      /more than 4194304 bytes/,
    ],
    [
      'a page of tags',
      'GET /v2/r/tags/list?n=1000',
      tags,
      {},
      8 * MIB,
      'RESPONSE_INVALID',
      /more than 8388608 bytes/,
    ],
    [
      'a page of referrers',
      `GET /v2/r/referrers/${image.digest}`,
      referrers,
      { headers: { 'content-type': mediaTypes.ociIndex } },
      8 * MIB,
      'RESPONSE_INVALID',
      /more than \d+ bytes/,
    ],
    ['an error', 'GET /v2/r/manifests/1', byTag, { status: 403 }, 64 * 1024, 'DENIED', /not allowed/],
    ['a blob', `GET ${blob}`, read, { headers: { 'content-length': '5' } }, MIB, 'SIZE_MISMATCH', /5/],
  ])('%s', async (_, request, act, answer, limit, code, why) => {
    const { body, taken } = endless('{');
    const error = await refusal([{ request, answer: { ...answer, body } }], act);
    expect(error).toMatchObject({ code });
    expect(error.message).toMatch(why);
    expect(taken()).toBeLessThan(limit + MIB);
  });

  test('a token', async () => {
    const { body, taken } = endless('{"token":"');
    const challenge = { 'www-authenticate': 'Bearer realm="https://registry.test/token"' };
    const error = await refusal(
      [
        { request: 'GET /v2/r/manifests/1', answer: { status: 401, headers: challenge } },
        { request: 'GET /token?scope=repository:r:pull&account=someone', answer: { body } },
      ],
      byTag,
    );
    expect(error).toMatchObject({ code: 'AUTH_TOKEN_INVALID' });
    expect(taken()).toBeLessThan(2 * MIB);
  });
});

describe('[A11] what comes encoded is refused, and was asked for as it is', () => {
  const bomb = gzipSync(gzipSync(Buffer.alloc(16 * MIB)));
  test.each([
    ['once', 'gzip'],
    ['twice', 'gzip, gzip'],
    ['a thousand times', 'gzip, '.repeat(1000)],
    ['otherwise', 'br'],
    ['by a way that nobody knows', 'x-made-up'],
  ])('%s', async (_, encoding) => {
    const asItIs = { 'accept-encoding': 'identity' };
    const answer = {
      headers: { ...asImage, 'content-encoding': encoding, 'content-length': String(bomb.length) },
      body: bomb,
    };
    for (const [request, act] of [
      [`GET ${blob}`, read],
      ['GET /v2/r/manifests/1', byTag],
    ] as const) {
      const error = await refusal([{ request, headers: asItIs, answer }], act);
      expect(error).toMatchObject({ code: 'ENCODING_REFUSED' });
      expect(error.message).toContain('encoded');
    }
  });
});

describe('[A14, A15] bytes other than those of the digest', () => {
  test.each([
    ['of the same length', 'HELLO', 'DIGEST_MISMATCH'],
    ['with more behind', 'hello, and more', 'SIZE_MISMATCH'],
    ['cut short, however often it is asked', 'hell', /UNAVAILABLE|SIZE_MISMATCH|RESPONSE_INVALID/],
    ['none at all', '', /UNAVAILABLE|SIZE_MISMATCH|RESPONSE_INVALID/],
  ])('%s', async (_, body, code) => {
    const { transport, requests } = always({ headers: { 'content-length': '5' }, body });
    const registry = registryClient('registry.test', { transport, clock: hurried });
    const error = await failure(read(registry));
    expect(error.code).toMatch(code);
    expect(error.message).toMatch(/expected|bytes/);
    expect(requests.length).toBeLessThan(20);
  });

  test('also for who reads by pieces: the last one does not come without the check', async () => {
    const { transport } = scripted([
      { request: `GET ${blob}`, answer: { headers: { 'content-length': '5' }, body: 'HELLO' } },
    ]);
    const content = await registryClient('registry.test', { transport }).getBlob('r', hello.digest);
    const reading = (async () => {
      for await (const piece of content) expect(piece.length).toBeGreaterThan(0);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });
});

describe('[A18] pages', () => {
  test('a page whose next one is itself', async () => {
    const self = { headers: { link: '</v2/r/tags/list?n=1000&last=1>; rel="next"' }, body: '{"tags":["1"]}' };
    const error = await refusal(
      [
        { request: 'GET /v2/r/tags/list?n=1000', answer: self },
        { request: 'GET /v2/r/tags/list?n=1000&last=1', answer: self },
      ],
      tags,
    );
    expect(error).toMatchObject({ code: 'PAGINATION_REFUSED' });
    expect(error.message).toContain('circle');
  });

  test.each([
    ['that bring nothing', () => [], /pages/],
    ['that bring a new name each', (at: number) => [String(at)], /more than 10000 pages/],
  ])('pages without end %s, each at a new address', async (_, names, why) => {
    const { transport, requests } = always((at) => ({
      headers: { link: `</v2/r/tags/list?page=${at}>; rel="next"` },
      body: JSON.stringify({ tags: names(at) }),
    }));
    const error = await failure(tags(registryClient('registry.test', { transport })));
    expect(error).toMatchObject({ code: 'PAGINATION_REFUSED' });
    expect(error.message).toMatch(why);
    expect(requests.length).toBeLessThanOrEqual(10_000);
  });
});

describe('[A32] fields that are slow to read by a careless pattern', () => {
  // Each is some kB of what such a pattern tries in every combination.
  const fields: Readonly<Record<string, string>> = {
    'www-authenticate': `Bearer ${'a="'.repeat(4000)}`,
    link: `<${'<'.repeat(8000)}; rel="${' '.repeat(4000)}`,
    'docker-content-digest': `${'a+'.repeat(8000)}:`,
    'content-type': `${'a/'.repeat(8000)};`,
    'retry-after': '0'.repeat(16_000),
    'content-range': `bytes ${'0'.repeat(8000)}-`,
    warning: `299 - "${'\\"'.repeat(4000)}`,
  };
  test.each([200, 206, 401, 404])('with %i', async (status) => {
    const { transport } = always({ status, headers: fields });
    const registry = registryClient('registry.test', { transport, retries: 0 });
    const before = performance.now();
    for (const act of [
      byTag,
      tags,
      referrers,
      read,
      (registry: RegistryClient) => registry.resolveManifest('r', '1'),
    ])
      await act(registry).catch(() => {});
    expect(performance.now() - before).toBeLessThan(1000);
  });
});

test('[A36] a field that is called __proto__ is none of ours', async () => {
  const { url } = await rawServer(
    'HTTP/1.1 404 Not Found\r\n__proto__: x\r\nconstructor: y\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
  );
  const registry = registryClient(url);
  await expect(byTag(registry)).rejects.toMatchObject({ code: 'MANIFEST_UNKNOWN' });
  await registry.close();
  expect(({} as { x?: unknown }).x).toBeUndefined();
});

test('[A10] two lengths, or a length and chunks, are no answer', async () => {
  for (const head of [
    'Content-Length: 5\r\nContent-Length: 6',
    'Content-Length: 5\r\nTransfer-Encoding: chunked',
  ]) {
    const { url } = await rawServer(`HTTP/1.1 200 OK\r\n${head}\r\n\r\nhello`);
    const registry = registryClient(url, { retries: 0 });
    const reading = read(registry);
    await expect(reading).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await registry.close();
  }
});
