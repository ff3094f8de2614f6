/**
 * Requests that no client sends: strange headers, request lines and framings. They are refused without a 500,
 * nobody's request is taken for another, and the registry goes on.
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-6.3
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-7.6
 */
import { createServer, type AddressInfo } from 'node:net';
import { refused } from './answer.ts';
import { group, table, type Case } from './case.ts';
import { contentOf, word } from './content.ts';
import { MANIFEST } from './mediatype.ts';
import { alive } from './ping.ts';
import { raw, type Reply } from './raw.ts';
import type { Registry } from './registry.ts';

const BAD = [400, 404, 405];
const HOST = 'Host: 127.0.0.1';
const CLOSE = 'Connection: close';

type Strange = readonly [readonly string[], readonly number[]];

/** Header lines of a `GET /v2/`, and the statuses that fit. */
const HEADERS: Readonly<Record<string, Strange>> = {
  'a header named __proto__': [
    ['__proto__: x', 'constructor: y', 'hasOwnProperty: z'],
    [200, 400, 401],
  ],
  'two Authorization headers': [
    ['Authorization: Basic YTpi', 'Authorization: Bearer x'],
    [200, 400, 401],
  ],
  'Basic without a colon': [['Authorization: Basic YWJj'], [200, 400, 401]],
  'Basic that is not base64': [['Authorization: Basic ***'], [200, 400, 401]],
  'Authorization with nothing': [['Authorization:'], [200, 400, 401]],
  'Authorization of an unknown scheme': [['Authorization: Nothing x'], [200, 400, 401]],
  'a header of 15 kB': [[`X-Large: ${'a'.repeat(15_000)}`], [200, 400, 401, 431]],
  'a header of 80 kB': [[`X-Large: ${'a'.repeat(80_000)}`], [200, 400, 401, 431]],
  'two thousand headers': [Array.from({ length: 2000 }, (_, i) => `X-${i}: a`), [200, 400, 401, 431]],
  'a space before the colon': [['X-Space : a'], [400]],
  'a header without a name': [[': a'], [400]],
  'a NUL in a header': [['X-Nul: a\0b'], [400]],
  'an Expect that nobody knows': [['Expect: a-miracle'], [200, 417]],
  'two Host headers': [['Host: 127.0.0.2'], [200, 400]],
};

/** Request lines, which are all refused. */
const LINES: Readonly<Record<string, readonly [string, readonly number[]]>> = {
  'OPTIONS *': ['OPTIONS * HTTP/1.1', [...BAD, 200, 204]],
  'no path': ['GET HTTP/1.1', [400]],
  'a path without a slash': ['GET v2/ HTTP/1.1', BAD],
  'a path with a space': ['GET /v2/ /x HTTP/1.1', BAD],
  'a fragment': ['GET /v2/nothing#/manifests/x HTTP/1.1', BAD],
  'a method that nobody knows': ['BREW /v2/ HTTP/1.1', [...BAD, 501]],
  'HTTP/9.9': ['GET /v2/ HTTP/9.9', [400, 505]],
  'bytes that are not ASCII': ['GET /v2/\xff\xfe/tags/list HTTP/1.1', BAD],
  'a path of 100 kB': [`GET /v2/${'a'.repeat(100_000)}/tags/list HTTP/1.1`, [...BAD, 414, 431]],
};

/** Framings of a body that two readers would read in two ways; a request is hidden behind each. */
const FRAMINGS: Readonly<Record<string, readonly string[]>> = {
  'two lengths': ['Content-Length: 0', 'Content-Length: 5'],
  'a list of two lengths': ['Content-Length: 0, 5'],
  'a length with a sign': ['Content-Length: +0'],
  'a negative length': ['Content-Length: -1'],
  'a length in hexadecimal': ['Content-Length: 0x0'],
  'a length over 2^64': ['Content-Length: 99999999999999999999999'],
  'a length and chunks': ['Content-Length: 6', 'Transfer-Encoding: chunked'],
  'chunks and a length': ['Transfer-Encoding: chunked', 'Content-Length: 6'],
  'chunks that are not the last coding': ['Transfer-Encoding: chunked, identity'],
  'a coding that nobody knows': ['Transfer-Encoding: xchunked'],
  'a tab before "chunked"': ['Transfer-Encoding:\tchunked', 'Content-Length: 6'],
  'a folded line': ['Transfer-Encoding:', ' chunked', 'Content-Length: 6'],
};

export function badRequestCases(registry: Registry): Case[] {
  const ask = async (wanted: readonly number[], ...lines: readonly string[]): Promise<void> => {
    one(await raw(registry.target, ...lines), wanted);
    await alive(registry);
  };
  const post = `POST /v2/${registry.one}/blobs/uploads/`;
  return [
    ...table('strange headers', HEADERS, ([lines, statuses]) =>
      ask(statuses, 'GET /v2/ HTTP/1.1', HOST, CLOSE, ...lines, ''),
    ),
    ...table('strange request lines', LINES, ([line, statuses]) => ask(statuses, line, HOST, CLOSE, '')),
    ...group('strange request lines', {
      'no Host header': () => ask([400], 'GET /v2/ HTTP/1.1', CLOSE, ''),
      'an address on another host: refused, and not gone to': () =>
        visited((host) => ask([...BAD, 421], `GET http://${host}/v2/ HTTP/1.1`, `Host: ${host}`, CLOSE, '')),
      'CONNECT to another host: refused or cut off, and not gone to': () =>
        visited(async (host) => {
          const reply = await raw(registry.target, `CONNECT ${host} HTTP/1.1`, `Host: ${host}`, CLOSE, '');
          if (reply.statuses.length > 0) one(reply, [...BAD, 501]);
          await alive(registry);
        }),
      'a Host header of another host: not gone to': () =>
        visited((host) => ask([200, ...BAD, 421], 'GET /v2/ HTTP/1.1', `Host: ${host}`, CLOSE, '')),
    }),
    // The request behind is never to be answered as one of its own.
    ...table('framings', FRAMINGS, (framing) => {
      const behind = [`GET /v2/${registry.one}/hidden/tags/list HTTP/1.1`, HOST, CLOSE, ''];
      return ask([...BAD, 501], `${post} HTTP/1.1`, HOST, ...framing, '', '0', '', ...behind);
    }),
    ...group('framings', {
      'a chunk whose size is no number': async () => {
        const put = `PUT /v2/${registry.one}/manifests/chunked-${word()} HTTP/1.1`;
        const head = [put, HOST, `Content-Type: ${MANIFEST}`, 'Transfer-Encoding: chunked'];
        const reply = await raw(registry.target, ...head, '', 'zz', 'x', '0', '', '');
        if (reply.statuses.length > 0) one(reply, [400]);
        await alive(registry);
      },
      'a body cut short is not kept': async () => {
        const { digest } = contentOf(`half-${word()}`);
        await raw(
          registry.target,
          `${post}?digest=${digest} HTTP/1.1`,
          HOST,
          'Content-Length: 100',
          '',
          'half',
        );
        refused(await registry.blob('GET', registry.one, digest), [404]);
        await alive(registry);
      },
    }),
  ];
}

/** There is one answer, with one of these statuses. */
function one({ sent, statuses, text }: Reply, wanted: readonly number[]): void {
  const [first] = statuses;
  if (first !== undefined && statuses.length === 1 && wanted.includes(first)) return;
  const got = text === '' ? 'none' : JSON.stringify(text.slice(0, 600));
  throw new Error(`${sent}\n  wanted one answer with status ${wanted.join(' or ')}\n  got ${got}`);
}

/** Gives the address of another host, and fails if anybody goes there. */
async function visited(run: (host: string) => Promise<void>): Promise<void> {
  let visits = 0;
  const host = createServer((socket) => {
    visits++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
  try {
    await run(`127.0.0.1:${(host.address() as AddressInfo).port}`);
  } finally {
    await new Promise((resolve) => host.close(resolve));
  }
  if (visits > 0) throw new Error('the registry went to the other host');
}
