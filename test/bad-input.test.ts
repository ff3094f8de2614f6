/**
 * The corpus of bad input (conformance-security.md, section 6, rows 1-18 and 41-60), as one table: what the library
 * says to each, and what a server says over HTTP, where no other test sends it. It is refused by name, soon, and leaves
 * nothing behind. What the conformance suite sends over HTTP already is named in a comment, and asked of the library alone.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { registryClient } from '../src/client/index.ts';
import { mediaTypes, parseReference, type Digest } from '../src/oci/index.ts';
import { errorCode, isNotFound, type Registry, type Source } from '../src/registry/index.ts';
import { createHandler, listen, type Listening } from '../src/server/index.ts';
import { memoryRegistry } from '../src/store/memory/index.ts';
import { bytes, described, named } from './oci/words.ts';
import { until } from './server/ask.ts';
import { head, wire } from './server/socket.ts';

const PATIENCE = 2000;
const MIB = 1024 * 1024;
const { ociManifest, ociIndex } = mediaTypes;

const config = described('{}', { mediaType: mediaTypes.ociConfig });
const layer = described('a layer');
const image = { schemaVersion: 2, mediaType: ociManifest, config, layers: [layer] };
const imageText = JSON.stringify(image);

/** What the library does with the input: it throws, or gives the code of a refusal that is none. */
type Library = (registry: Registry) => unknown;
/** What is written to a connection, and the statuses that may come back; none where it is cut off. */
type Http = readonly [statuses: readonly number[], ...pieces: readonly (string | Uint8Array)[]];

interface Row {
  readonly row: number;
  readonly name: string;
  readonly library?: readonly [code: string, attempt: Library];
  readonly http?: Http;
}

const parse =
  (text: string): Library =>
  () =>
    parseReference(text);
const pushManifest =
  (content: string | Uint8Array | object, mediaType: string = ociManifest, more: object = {}): Library =>
  async (registry) => {
    const document =
      content instanceof Uint8Array
        ? content
        : bytes(typeof content === 'string' ? content : JSON.stringify(content));
    return registry.pushManifest('a/b', document, { mediaType, tags: ['bad'], ...more });
  };
const commit =
  (digest: string, chunk: Source = bytes('abc')): Library =>
  async (registry) =>
    (await registry.startUpload('a/b')).commit(digest as Digest, { chunk });
const write =
  (offset: number, size: number): Library =>
  async (registry) => {
    const upload = await registry.startUpload('a/b');
    await upload.write(bytes('0123456789'));
    await upload.write(bytes('0123456789'), { offset, size });
  };

const get = (path: string): string => head(`GET ${path}`);
const put = (
  path: string,
  body: string | Uint8Array,
  type: string = ociManifest,
): readonly (string | Uint8Array)[] => {
  const content = typeof body === 'string' ? bytes(body) : body;
  return [head(`PUT ${path}`, `Content-Type: ${type}`, `Content-Length: ${content.length}`), content];
};
/** A manifest that is pushed over HTTP: 400. */
const putBad = (body: string | Uint8Array): Http => [[400], ...put('/v2/a/b/manifests/bad', body)];

const spoiltLayer = (fields: object): object => ({ ...image, layers: [layer, { ...layer, ...fields }] });
const twice = (field: string): string => imageText.replace('{', `{${field},`);
const deep = `{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
const upper = `sha256:${'ABC'.repeat(21)}A`;

const REFERENCES: readonly Row[] = [
  { row: 1, name: 'nothing', library: ['reference', parse('')], http: [[400], get('/v2//manifests/latest')] },
  // Names and tags outside of the grammar over HTTP: test/conformance/names.ts.
  { row: 2, name: 'UPPER/repo:tag', library: ['reference', parse('UPPER/repo:tag')] },
  {
    row: 3,
    name: 'repo:',
    library: ['reference', parse('repo:')],
    http: [[400], get('/v2/repo/manifests/')],
  },
  { row: 4, name: 'repo:-tag', library: ['reference', parse('repo:-tag')] },
  { row: 4, name: 'repo:.tag', library: ['reference', parse('repo:.tag')] },
  { row: 5, name: 'a tag of 129 characters', library: ['reference', parse(`repo:${'t'.repeat(129)}`)] },
  {
    row: 6,
    name: 'upper-case hex',
    library: ['reference', parse(`repo@${upper}`)],
    http: [[400], get(`/v2/a/b/manifests/${upper}`)],
  },
  {
    row: 7,
    name: '63 hex characters',
    library: ['reference', parse(`repo@sha256:${'f'.repeat(63)}`)],
    http: [[400], get(`/v2/a/b/manifests/sha256:${'f'.repeat(63)}`)],
  },
  // A server carries digests that it cannot compute: it has no such manifest.
  {
    row: 8,
    name: 'md5',
    library: ['reference', parse('repo@md5:abc')],
    http: [[404], get('/v2/a/b/manifests/md5:abc')],
  },
  {
    row: 9,
    name: 'a digest that leads elsewhere',
    library: ['reference', parse('repo@sha256:../../../../etc/passwd')],
    http: [[400], get('/v2/a/b/blobs/sha256:%2e%2e%2f%2e%2e%2fetc%2fpasswd')],
  },
  {
    row: 10,
    name: 'port 99999',
    library: ['reference', parse('host:99999/repo')],
    http: [[400], get('/v2/host:99999/repo/tags/list')],
  },
  { row: 10, name: 'port 0x50', library: ['reference', parse('host:0x50/repo')] },
  {
    row: 11,
    name: 'a scheme',
    library: ['reference', parse('http://host/repo')],
    http: [[400], get('/v2/http://host/repo/tags/list')],
  },
  { row: 12, name: 'host/a//b', library: ['reference', parse('host/a//b')] },
  { row: 12, name: 'host/a/../b', library: ['reference', parse('host/a/../b')] },
  { row: 12, name: 'host/a/./b', library: ['reference', parse('host/a/./b')] },
  {
    row: 13,
    name: '256 characters',
    library: ['reference', parse(`h.example/${'a'.repeat(246)}`)],
    http: [[400], get(`/v2/${'a'.repeat(256)}/tags/list`)],
  },
  { row: 14, name: 'an encoded slash', library: ['reference', parse('host/r%2fx')] },
  { row: 14, name: 'a question mark', library: ['reference', parse('host/r?x')] },
  {
    row: 14,
    name: 'a number sign',
    library: ['reference', parse('host/r#x')],
    http: [[400, 404], get('/v2/a/b#x/tags/list')],
  },
  {
    row: 14,
    name: 'a line end',
    library: ['reference', parse('host/r\nX: y')],
    // To Node, a bare line feed ends the request line: it is one of /v2/r.
    http: [[400, 404], get('/v2/r\nX: y/tags/list')],
  },
  {
    row: 15,
    name: '1 MB of a-',
    library: ['reference', parse('a-'.repeat(500_000))],
    http: [[400, 414, 431], get(`/v2/${'a-'.repeat(500_000)}/tags/list`)],
  },
  {
    row: 17,
    name: 'an unclosed bracket',
    library: ['reference', parse('[::1/r')],
    http: [[400], get('/v2/[::1/r/tags/list')],
  },
  {
    row: 18,
    name: 'full-width characters',
    library: ['reference', parse('host/ｒepo')],
    http: [[400], get('/v2/\xef\xbd\x92epo/tags/list')],
  },
  { row: 18, name: 'combining characters', library: ['reference', parse('host/re\u0301po')] },
];

// All of these over HTTP: test/conformance/badmanifests.ts and limits.ts. Their pointers: test/oci/manifest.test.ts.
const MANIFESTS: readonly Row[] = [
  ...Object.entries<string | Uint8Array>({
    empty: '',
    null: 'null',
    'an array': '[]',
    'a text': '"x"',
    'garbage behind': `${imageText} x`,
    'a byte order mark': `\uFEFF${imageText}`,
    'UTF-16': Uint8Array.from(Buffer.from(imageText, 'utf16le')),
    'invalid UTF-8': Buffer.concat([
      Buffer.from('{"x":"'),
      Buffer.from([0xff]),
      Buffer.from(`",${imageText.slice(1)}`),
    ]),
  }).map(([name, content]) => ({
    row: 41,
    name,
    library: ['MANIFEST_INVALID', pushManifest(content)] as const,
  })),
  { row: 42, name: '100,000 deep', library: ['MANIFEST_INVALID', pushManifest(deep)] },
  {
    row: 42,
    name: 'a million keys',
    library: [
      'MANIFEST_INVALID',
      pushManifest(`{${Array.from({ length: 1_000_000 }, (_, i) => `"k${i}":1`).join()}}`),
    ],
  },
  {
    row: 42,
    name: '4 MiB and a byte',
    library: ['MANIFEST_INVALID', pushManifest(new Uint8Array(4 * MIB + 1))],
  },
  {
    row: 43,
    name: 'mediaType twice',
    library: ['MANIFEST_INVALID', pushManifest(twice(`"mediaType":"${ociIndex}"`))],
  },
  {
    row: 43,
    name: 'digest twice',
    library: ['MANIFEST_INVALID', pushManifest(imageText.replace('"digest"', '"digest":"x","digest"'))],
  },
  {
    row: 43,
    name: 'digest twice, once with an escape',
    library: ['MANIFEST_INVALID', pushManifest(imageText.replace('"digest"', '"\\u0064igest":"x","digest"'))],
    http: putBad(imageText.replace('"digest"', '"\\u0064igest":"x","digest"')),
  },
  { row: 43, name: '__proto__', library: ['MANIFEST_INVALID', pushManifest(twice('"__proto__":{}'))] },
  {
    row: 43,
    name: 'another spelling',
    library: ['MANIFEST_INVALID', pushManifest(twice('"Manifests":[]'))],
    http: putBad(twice('"Manifests":[]')),
  },
  ...[1, '2', undefined].map((schemaVersion) => ({
    row: 44,
    name: `schemaVersion ${JSON.stringify(schemaVersion)}`,
    library: ['MANIFEST_INVALID', pushManifest({ ...image, schemaVersion })] as const,
  })),
  { row: 45, name: 'another mediaType', library: ['MANIFEST_INVALID', pushManifest(image, ociIndex)] },
  {
    row: 45,
    name: 'layers and manifests',
    library: ['MANIFEST_INVALID', pushManifest({ ...image, manifests: [] })],
  },
  {
    row: 46,
    name: 'no config',
    library: ['MANIFEST_INVALID', pushManifest({ ...image, config: undefined })],
  },
  {
    row: 46,
    name: 'layers an object',
    library: ['MANIFEST_INVALID', pushManifest({ ...image, layers: {} })],
  },
  ...[-1, 1.5, '12', 1e21, 2 ** 53].map((size) => ({
    row: 46,
    name: `a size of ${JSON.stringify(size)}`,
    library: ['MANIFEST_INVALID', pushManifest(spoiltLayer({ size }))] as const,
  })),
  {
    row: 47,
    name: 'a digest that is none',
    library: ['MANIFEST_INVALID', pushManifest(spoiltLayer({ digest: 'sha256:bad' }))],
  },
  // Carried, but nobody has it.
  {
    row: 47,
    name: 'a digest of an unknown algorithm',
    library: ['MANIFEST_BLOB_UNKNOWN', pushManifest(spoiltLayer({ digest: 'whirlpool:abc' }))],
  },
  {
    row: 47,
    name: 'urls that are no list',
    library: ['MANIFEST_INVALID', pushManifest(spoiltLayer({ urls: 'http://127.0.0.1/' }))],
  },
  {
    row: 47,
    name: 'data that is not base64',
    library: ['MANIFEST_INVALID', pushManifest(spoiltLayer({ data: '***' }))],
  },
  {
    row: 47,
    name: 'data of other bytes',
    library: ['MANIFEST_INVALID', pushManifest(spoiltLayer({ data: 'b3RoZXI=' }))],
  },
  {
    row: 48,
    name: 'an annotation that is a number',
    library: ['MANIFEST_INVALID', pushManifest({ ...image, annotations: { a: 1 } })],
  },
  {
    row: 48,
    name: 'an annotation that is null',
    library: ['MANIFEST_INVALID', pushManifest({ ...image, annotations: { a: null } })],
  },
  {
    row: 49,
    name: 'a subject without size',
    library: [
      'MANIFEST_INVALID',
      pushManifest({ ...image, subject: { mediaType: ociManifest, digest: layer.digest } }),
    ],
  },
  // Over HTTP: test/conformance/errors.ts and missing.ts.
  {
    row: 50,
    name: 'a digest that is none',
    library: ['DIGEST_INVALID', pushManifest(image, ociManifest, { digest: 'sha256:baddigeststring' })],
  },
  {
    row: 50,
    name: 'a reference that is none',
    library: ['DIGEST_INVALID', (registry) => registry.getManifest('a/b', 'sha256:baddigeststring')],
  },
  {
    row: 51,
    name: 'the digest of other bytes',
    library: ['DIGEST_INVALID', pushManifest(image, ociManifest, { digest: named('other') })],
  },
];

// Over HTTP: test/conformance/chunks.ts, sessions.ts, mounts.ts, tags.ts, tagparameters.ts and ranges.ts.
const UPLOADS: readonly Row[] = [
  { row: 52, name: 'no digest', library: ['DIGEST_INVALID', commit('')] },
  { row: 52, name: 'a digest that is none', library: ['DIGEST_INVALID', commit('sha256:bad')] },
  { row: 52, name: 'a digest that cannot be computed', library: ['DIGEST_INVALID', commit('md5:abc')] },
  { row: 52, name: 'the digest of other bytes', library: ['DIGEST_INVALID', commit(named('other'))] },
  { row: 53, name: 'a chunk that is longer than said', library: ['SIZE_INVALID', write(10, 5)] },
  {
    row: 53,
    name: 'a chunk that is shorter than said',
    library: ['SIZE_INVALID', write(10, 50)],
  },
  { row: 53, name: 'an overlap', library: ['RANGE_INVALID', write(5, 10)] },
  { row: 53, name: 'a gap', library: ['RANGE_INVALID', write(15, 10)] },
  { row: 53, name: 'over 2^53', library: ['RANGE_INVALID', write(2 ** 53, 10)] },
  ...['', 'nothing', '../../etc/passwd', '..', '__proto__', '\0'].map((resume) => ({
    row: 54,
    name: `an upload called ${JSON.stringify(resume)}`,
    library: [
      'BLOB_UPLOAD_UNKNOWN',
      (registry: Registry) => registry.startUpload('a/b', { resume }),
    ] as const,
  })),
  { row: 55, name: 'n=-1', http: [[400], get('/v2/a/b/tags/list?n=-1')] },
  { row: 55, name: 'n=1&n=2', http: [[400], get('/v2/a/b/tags/list?n=1&n=2')] },
  { row: 55, name: 'n of 41 digits', http: [[400], get(`/v2/a/b/tags/list?n=${'9'.repeat(41)}`)] },
  { row: 55, name: 'two last', http: [[400], get('/v2/_catalog?last=a&last=b')] },
  {
    row: 56,
    name: 'mount=bad',
    library: ['DIGEST_INVALID', (registry) => registry.mountBlob('c/d', 'bad' as Digest, 'a/b')],
  },
  {
    row: 56,
    name: 'from=UPPER',
    library: ['NAME_INVALID', (registry) => registry.mountBlob('c/d', config.digest, 'UPPER')],
  },
  {
    row: 57,
    name: 'a bad tag among good ones',
    library: ['TAG_INVALID', pushManifest(image, ociManifest, { tags: ['good', '-bad', 'fine'] })],
  },
  {
    row: 57,
    name: '47 tags',
    http: [
      [414],
      ...put(
        `/v2/a/b/manifests/${named(imageText)}?${Array.from({ length: 47 }, (_, i) => `tag=t${i}`).join('&')}`,
        imageText,
      ),
    ],
  },
  ...[{ start: 5, end: 1 }, { start: 99 }, { start: -1 }, { start: 0.5 }].map((range) => ({
    row: 58,
    name: JSON.stringify(range),
    library: [
      'RANGE_INVALID',
      (registry: Registry) => registry.getBlob('a/b', config.digest, { range }),
    ] as const,
  })),
];

// Over HTTP alone, and most of it in test/conformance/badrequests.ts: strange headers, lines and framings.
const REQUESTS: readonly Row[] = [
  {
    row: 59,
    name: 'a header named __proto__, with a push',
    http: [[400], head('PUT /v2/a/b/manifests/bad', '__proto__: x', 'Content-Length: 0')],
  },
  {
    row: 59,
    name: 'two Content-Ranges',
    http: [
      [404],
      head('PATCH /v2/a/b/blobs/uploads/x', 'Content-Range: 0-0', 'Content-Range: 5-5', 'Content-Length: 1'),
      'x',
    ],
  },
  {
    row: 59,
    name: 'two Content-Types',
    http: [
      [400],
      head(
        'PUT /v2/a/b/manifests/bad',
        'Content-Type: text/html',
        `Content-Type: ${ociManifest}`,
        `Content-Length: ${imageText.length}`,
      ),
      imageText,
    ],
  },
  {
    row: 60,
    name: 'a push hidden behind a length and chunks',
    http: [
      [400],
      head('PUT /v2/a/b/manifests/bad', 'Content-Length: 3', 'Transfer-Encoding: chunked'),
      '0\r\n\r\n',
      ...put('/v2/a/b/manifests/bad', imageText),
    ],
  },
  {
    row: 60,
    name: 'a push hidden behind two lengths',
    http: [
      [400],
      head('POST /v2/a/b/blobs/uploads/', 'Content-Length: 0', 'Content-Length: 9'),
      ...put('/v2/a/b/manifests/bad', imageText),
    ],
  },
  {
    row: 60,
    name: 'a push in absolute form to another host',
    http: [[400, 404], ...put('http://127.0.0.1:1/v2/a/b/manifests/bad', imageText)],
  },
  { row: 60, name: 'OPTIONS *', http: [[400, 404, 405], head('OPTIONS *')] },
  { row: 60, name: 'CONNECT', http: [[], head('CONNECT 127.0.0.1:1')] },
];

const rows = [...REFERENCES, ...MANIFESTS, ...UPLOADS, ...REQUESTS];

/** What a registry shows of itself. */
async function inventory(registry: Registry): Promise<unknown> {
  const all: Record<string, unknown> = {};
  for await (const repository of registry.repositories()) {
    const tags: string[] = [];
    for await (const tag of registry.tags(repository))
      tags.push(`${tag} ${(await registry.resolveManifest(repository, tag)).digest}`);
    all[repository] = tags;
  }
  const mayBe = [
    'abc',
    'other',
    imageText,
    JSON.stringify({ ...image, manifests: [] }),
    '0123456789',
    '01234567890123456789',
    'x',
    '',
  ];
  const kept: string[] = [];
  for (const text of mayBe) {
    for (const look of [
      registry.resolveBlob('a/b', named(text)),
      registry.resolveManifest('a/b', named(text)),
    ]) {
      await look.then(
        () => kept.push(text),
        (error: unknown) => expect(isNotFound(error)).toBe(true),
      );
    }
  }
  return { ...all, kept };
}

/** The code of a refusal, or the subject of what is malformed, however it comes: at once, or later. */
async function codeOf(attempt: () => unknown): Promise<unknown> {
  try {
    return `taken as ${JSON.stringify(await attempt())}`;
  } catch (error) {
    return errorCode(error) ?? (error as { subject?: unknown }).subject ?? error;
  }
}

let registry: Registry;
let server: Listening;
let before: unknown;
const errors: unknown[] = [];

beforeEach(async () => {
  errors.length = 0;
  registry = memoryRegistry();
  for (const [text, { digest }] of [
    ['{}', config],
    ['a layer', layer],
  ] as const) {
    await registry.pushBlob('a/b', { digest, size: text.length }, bytes(text));
  }
  const good = bytes(JSON.stringify({ schemaVersion: 2, manifests: [] }));
  await registry.pushManifest('a/b', good, { mediaType: ociIndex, tags: ['good-one'] });
  server = await listen(createHandler(registry, { onError: (error) => errors.push(error) }));
  before = await inventory(registry);
});
afterEach(() => server.close());

/** Runs something that has to end soon, and to leave the registry as it was. */
async function harmless(run: () => Promise<void>): Promise<void> {
  const start = performance.now();
  await run();
  expect(performance.now() - start).toBeLessThan(PATIENCE);
  expect(await inventory(registry)).toEqual(before);
  expect(errors).toEqual([]);
}

const title = ({ row, name }: Row): string => `${row}: ${name}`;

describe('in the library', () => {
  test.each(rows.flatMap((row) => (row.library === undefined ? [] : [[title(row), row.library] as const])))(
    '%s',
    async (_, [code, attempt]) =>
      harmless(async () => expect(await codeOf(() => attempt(registry))).toBe(code)),
  );

  // The client refuses what it can before it sends anything, and else says what the server says.
  test.each(
    rows.flatMap((row) =>
      row.library === undefined || row.row < 41 ? [] : [[title(row), row.library] as const],
    ),
  )('%s, through a client', async (_, [code, attempt]) => {
    const client = registryClient(server.url);
    await harmless(async () => expect(await codeOf(() => attempt(client))).toBe(code));
    await client.close();
  });

  test('16: a host that begins like an address of this machine is a remote one', async () => {
    const { host = '' } = parseReference('127.0.0.1.evil.example/r');
    const asked: string[] = [];
    const client = registryClient(host, {
      transport: async ({ url }) => {
        asked.push(url.href);
        throw new Error('enough');
      },
    });
    await codeOf(() => client.resolveManifest('r', 'latest'));
    expect(asked[0]).toMatch(/^https:\/\/127\.0\.0\.1\.evil\.example\//);
  });

  test('17: an address in brackets is a host', () => {
    expect(parseReference('[::1]:5000/r')).toEqual({ host: '[::1]:5000', repository: 'r' });
  });
});

describe('over HTTP', () => {
  test.each(rows.flatMap((row) => (row.http === undefined ? [] : [[title(row), row.http] as const])))(
    '%s',
    async (_, [statuses, ...pieces]) => {
      const it = wire(server.url);
      await harmless(async () => {
        it.write(
          ...pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)),
        );
        const [wanted] = statuses;
        expect(await until(() => (wanted === undefined ? it.closed : it.statuses.length > 0))).toBe(true);
      });
      // One answer: nothing that was hidden behind is answered by itself.
      await new Promise((resolve) => setTimeout(resolve, 20));
      it.socket.destroy();
      expect(it.statuses).toHaveLength(statuses.length > 0 ? 1 : 0);
      if (statuses.length > 0) expect(statuses).toContain(it.statuses[0]);
      expect(await inventory(registry)).toEqual(before);
    },
  );
});
