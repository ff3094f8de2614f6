/**
 * The rules of the distribution specification for clients, by the numbers that our list of them has (C1-C50): for
 * each the conversation that shows it. What they say at length stands in the tests beside this one.
 */
import { expect, test } from 'vitest';
import type { RegistryClient } from '../../src/client/index.ts';
import { mediaTypes, type Digest } from '../../src/oci/index.ts';
import { referrersTag } from '../../src/protocol/index.ts';
import type { Exchange } from '../../src/testing/index.ts';
import { all, blob, config, during, failure, hello, image, index, signature } from './talk.ts';

type Act = (registry: RegistryClient) => Promise<unknown>;
interface Rule {
  readonly rows: readonly Exchange[];
  readonly act: Act;
  /** What comes of it; an error's code where it is written in capitals. */
  readonly gives?: unknown;
}

const uploads = '/v2/r/blobs/uploads/';
const started = (location = `${uploads}1`, headers: Record<string, string> = {}): Exchange => ({
  request: `POST ${uploads}`,
  headers: { 'content-length': '0' },
  answer: { status: 202, headers: { location, ...headers } },
});
const ended = (location: string, more: Partial<Exchange> = {}): Exchange => ({
  request: `PUT ${location}${location.includes('?') ? '&' : '?'}digest=${hello.digest}`,
  answer: { status: 201 },
  ...more,
});
const get = (
  path: string,
  headers: Record<string, string | undefined>,
  body: string | Uint8Array = '',
): Exchange => ({
  request: `GET /v2/r/${path}`,
  answer: { headers, body },
});
const asImage = (reference: string, headers: Record<string, string> = {}): Exchange =>
  get(`manifests/${reference}`, { 'content-type': mediaTypes.ociManifest, ...headers }, image.bytes);
const put = (reference: string, headers: Record<string, string> = {}, status = 201): Exchange => ({
  request: `PUT /v2/r/manifests/${reference}`,
  answer: { status, headers },
});
const fallback = `manifests/${referrersTag(image.digest)}`;
const noApi: Exchange = { request: `GET /v2/r/referrers/${image.digest}`, answer: { status: 404 } };
const entry = { ...signature.descriptor, artifactType: 'application/vnd.test.signature' };
const listing = (...manifests: readonly object[]): string =>
  JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
const asIndex = { 'content-type': mediaTypes.ociIndex };

const push: Act = (registry) => registry.pushBlob('r', hello.descriptor, hello.bytes);
const read: Act = async (registry) =>
  Buffer.from(await (await registry.getBlob('r', hello.digest)).bytes()).toString();
const byTag: Act = async (registry) => (await registry.getManifest('r', '1')).descriptor;
const byDigest: Act = async (registry) => (await registry.getManifest('r', image.digest)).descriptor;
const head: Act = (registry) => registry.resolveManifest('r', '1');
const tags: Act = (registry) => all(registry.tags('r'));
const referrers: Act = (registry) => all(registry.referrers('r', image.digest));
const sign: Act = async (registry) =>
  (await registry.pushManifest('r', signature.bytes, { mediaType: mediaTypes.ociManifest })).subject;
const tagged =
  (...names: readonly string[]): Act =>
  async (registry) =>
    (await registry.pushManifest('r', image.bytes, { mediaType: mediaTypes.ociManifest, tags: names })).tags;
const chunks: Act = async (registry) => {
  const upload = await registry.startUpload('r');
  await upload.write(Buffer.from('hel'));
  await upload.commit(hello.digest, { chunk: Buffer.from('lo') });
  return upload.offset;
};
const patched = (headers: Record<string, string>, status = 202): Exchange => ({
  request: `PATCH ${uploads}1`,
  headers: { 'content-range': '0-2' },
  answer: { status, headers: { location: `${uploads}2`, ...headers } },
});
const part: Act = async (registry) =>
  (await registry.getBlob('r', hello.digest, { range: { start: 2 } })).text();

const rules: Readonly<Record<string, Rule>> = {
  'C1 [row 59] Accept names every type': {
    rows: [
      {
        ...asImage('1'),
        headers: { accept: /index.v1.*list.v2.*oci.image.manifest.v1.*docker.*manifest.v2/ },
      },
    ],
    act: byTag,
  },
  'C2 parameters of Content-Type are ignored': {
    rows: [asImage('1', { 'content-type': `${mediaTypes.ociManifest}; charset=utf-8` })],
    act: byTag,
    gives: image.descriptor,
  },
  'C3 [row 67] body and Content-Type have to agree': {
    rows: [asImage('1', { 'content-type': mediaTypes.dockerManifest })],
    act: byTag,
    gives: 'MEDIA_TYPE_CONFLICT',
  },
  'C4 [row 65] Docker-Content-Digest is checked against the body': {
    rows: [asImage('1', { 'docker-content-digest': index.digest })],
    act: byTag,
    gives: 'DIGEST_MISMATCH',
  },
  'C5 [row 64] a manifest by digest is checked': {
    rows: [get(`manifests/${image.digest}`, { 'content-type': mediaTypes.ociIndex }, index.bytes)],
    act: byDigest,
    gives: 'DIGEST_MISMATCH',
  },
  'C5 a blob is checked': {
    rows: [get(`blobs/${hello.digest}`, { 'content-length': '5' }, 'HELLO')],
    act: read,
    gives: 'DIGEST_MISMATCH',
  },
  'C6 a header digest of another algorithm is fine': {
    rows: [asImage(image.digest, { 'docker-content-digest': `sha512:${'0'.repeat(128)}` })],
    act: byDigest,
    gives: image.descriptor,
  },
  'C7 size before digest': {
    rows: [get(`blobs/${hello.digest}`, { 'content-length': '4' }, 'HELLO')],
    act: read,
    gives: 'SIZE_MISMATCH',
  },
  'C8 no digest on HEAD: GET': {
    rows: [
      {
        request: 'HEAD /v2/r/manifests/1',
        answer: { headers: { 'content-type': mediaTypes.ociManifest, 'content-length': '9' } },
      },
      asImage('1'),
    ],
    act: head,
    gives: image.descriptor,
  },
  'C9 no version header is needed': { rows: [asImage('1')], act: byTag, gives: image.descriptor },
  'C10 redirects are followed': {
    rows: [
      {
        request: 'GET /v2/r/manifests/1',
        answer: { status: 307, headers: { location: 'https://cdn.test/m' } },
      },
      {
        request: 'GET https://cdn.test/m',
        headers: { authorization: undefined, accept: /oci/ },
        answer: { headers: { 'content-type': mediaTypes.ociManifest }, body: image.bytes },
      },
    ],
    act: byTag,
    gives: image.descriptor,
  },
  'C11 a part, of unknown total': {
    rows: [
      {
        ...get(`blobs/${hello.digest}`, {}),
        headers: { range: 'bytes=2-' },
        answer: { status: 206, headers: { 'content-range': 'bytes 2-4/*' }, body: 'llo' },
      },
      { request: `HEAD /v2/r/blobs/${hello.digest}`, answer: { headers: { 'content-length': '5' } } },
    ],
    act: part,
    gives: 'llo',
  },
  'C11 a part of what came whole': {
    rows: [get(`blobs/${hello.digest}`, { 'content-length': '5' }, 'hello')],
    act: part,
    gives: 'llo',
  },
  'C12 an absolute Location': { rows: [started('https://registry.test/u?a=b'), ended('/u?a=b')], act: push },
  'C12 a relative Location': { rows: [started('1?a=b'), ended(`${uploads}1?a=b`)], act: push },
  'C13 Location is used as it is written': {
    rows: [started('/u?sig=a%2Fb%2Bc==&x'), ended('/u?sig=a/b%2Bc==&x')],
    act: push,
  },
  'C14 a PUT of the whole has its length': {
    rows: [
      started(),
      ended(`${uploads}1`, {
        headers: { 'content-length': '5', 'content-type': 'application/octet-stream' },
        body: 'hello',
      }),
    ],
    act: push,
  },
  'C16 a POST has Content-Length 0': { rows: [started()], act: (registry) => registry.startUpload('r') },
  'C17 the least chunk is told': {
    rows: [started(undefined, { 'oci-chunk-min-length': '5242880' })],
    act: async (registry) => (await registry.startUpload('r')).minimumChunk,
    gives: 5_242_880,
  },
  'C18 C19 C21 chunks: in order, first-last, on the newest Location, and a PUT with the digest': {
    rows: [
      started(),
      patched({ range: '0-2' }),
      ended(`${uploads}2`, { headers: { 'content-range': '3-4' }, body: 'lo' }),
    ],
    act: chunks,
  },
  'C19 a Range that is not what was sent': {
    rows: [started(), patched({ range: '0-1' })],
    act: chunks,
    gives: 'UPLOAD_RANGE_MISMATCH',
  },
  'C20 after a 416 the registry can be asked': {
    rows: [
      started(),
      patched({}, 416),
      {
        request: `GET ${uploads}1`,
        answer: { status: 204, headers: { location: `${uploads}3`, range: '0-1' } },
      },
    ],
    async act(registry) {
      const upload = await registry.startUpload('r');
      await failure(upload.write(Buffer.from('hel')));
      return (await registry.startUpload('r', { resume: upload.id })).offset;
    },
    gives: 2,
  },
  'C22 the algorithm of chunks is announced': {
    rows: [{ ...started(), request: `POST ${uploads}?digest-algorithm=sha512` }],
    act: (registry) => registry.startUpload('r', { algorithm: 'sha512' }),
  },
  'C23 an upload that fails is given up, whatever comes of that': {
    rows: [
      started(),
      { ...ended(`${uploads}1`), answer: { status: 500 } },
      { request: `DELETE ${uploads}1`, answer: { status: 405 } },
    ],
    act: push,
    gives: 'UNAVAILABLE',
  },
  'C24 C25 a mount, from anywhere': {
    rows: [{ request: `POST ${uploads}?mount=${hello.digest}`, answer: { status: 201 } }],
    act: (registry) => registry.mountBlob('r', hello.digest),
    gives: true,
  },
  'C26 C27 Content-Type of a PUT is the manifest type, bare': {
    rows: [{ ...put('1'), headers: { 'content-type': mediaTypes.ociManifest } }],
    act: tagged('1'),
  },
  'C28 bytes go as they are': { rows: [{ ...put('1'), body: image.bytes }], act: tagged('1') },
  '[row 69] a PUT by tag gives the digest of the bytes': {
    rows: [
      {
        ...put('1', { 'docker-content-digest': image.digest }),
        headers: { 'content-type': mediaTypes.ociManifest },
      },
    ],
    act: async (registry) =>
      (await registry.pushManifest('r', image.bytes, { mediaType: mediaTypes.ociManifest, tags: ['1'] }))
        .descriptor,
    gives: image.descriptor,
  },
  '[row 70] also where the registry does not name it': {
    rows: [put('1')],
    act: async (registry) =>
      (await registry.pushManifest('r', image.bytes, { mediaType: mediaTypes.ociManifest, tags: ['1'] }))
        .descriptor,
    gives: image.descriptor,
  },
  'C29 413 is said': { rows: [put('1', {}, 413)], act: tagged('1'), gives: 'MANIFEST_INVALID' },
  'C30 Docker-Content-Digest of a PUT is checked': {
    rows: [put('1', { 'docker-content-digest': config.digest })],
    act: tagged('1'),
    gives: 'DIGEST_MISMATCH',
  },
  'C31 only tags that OCI-Tag names are believed': {
    rows: [put(`${image.digest}?tag=1&tag=2`, { 'oci-tag': '2' }), put('1')],
    act: tagged('1', '2'),
    gives: ['1', '2'],
  },
  'C32 C34 C35 without OCI-Subject the fallback tag is written': {
    rows: [
      put(signature.digest),
      { request: `GET /v2/r/${fallback}`, answer: { status: 404 } },
      { ...put(referrersTag(image.digest)), body: listing(entry) },
    ],
    act: sign,
    gives: image.digest,
  },
  'C33 a fallback tag that is no index is left alone': {
    rows: [put(signature.digest), get(fallback, { 'content-type': mediaTypes.ociManifest }, image.bytes)],
    act: sign,
    gives: 'MANIFEST_INVALID',
  },
  'C35 no entry twice': {
    rows: [put(signature.digest), get(fallback, asIndex, listing(entry))],
    act: sign,
  },
  'C38 without API, by the tag': {
    rows: [noApi, get(fallback, asIndex, listing(entry))],
    act: referrers,
    gives: [entry],
  },
  'C38 a refusal is no empty list': {
    rows: [{ ...noApi, answer: { status: 403 } }],
    act: referrers,
    gives: 'DENIED',
  },
  'C39 referrers have pages': {
    rows: [
      get(`referrers/${image.digest}`, { ...asIndex, link: '<?p=2>; rel="next"' }, listing(entry)),
      get(`referrers/${image.digest}?p=2`, asIndex, listing(entry)),
    ],
    act: referrers,
    gives: [entry],
  },
  'C40 what is not filtered there is filtered here': {
    rows: [get(`referrers/${image.digest}?artifactType=a/b`, asIndex, listing(entry))],
    act: (registry) => all(registry.referrers('r', image.digest, { artifactType: 'a/b' })),
    gives: [],
  },
  'C41 a short page with a link is not the end': {
    rows: [
      get('tags/list?n=1000', { link: '</v2/r/tags/list?n=1000&last=1>; rel="next"' }, '{"tags":["1"]}'),
      get('tags/list?n=1000&last=1', {}, '{"tags":["2"]}'),
    ],
    act: tags,
    gives: ['1', '2'],
  },
  'C42 one page in no order is sorted': {
    rows: [get('tags/list?n=1000', {}, '{"tags":["b","A","a"]}')],
    act: tags,
    gives: ['A', 'a', 'b'],
  },
  'C42 pages keep the order of the registry': {
    rows: [
      get('tags/list?n=1000', { link: '<?x>; rel="next"' }, '{"tags":["b"]}'),
      get('tags/list?x', {}, '{"tags":["a"]}'),
    ],
    act: tags,
    gives: ['b', 'a'],
  },
  'C42 null is empty': { rows: [get('tags/list?n=1000', {}, '{"tags":null}')], act: tags, gives: [] },
  'C44 [row 71] deleting may be switched off': {
    rows: [{ request: 'DELETE /v2/r/manifests/1', answer: { status: 405 } }],
    act: (registry) => registry.deleteManifest('r', '1'),
    gives: 'UNSUPPORTED',
  },
  'C45 bodies of errors may be anything': {
    rows: [{ request: 'GET /v2/r/manifests/1', answer: { status: 404, body: 'no' } }],
    act: byTag,
    gives: 'MANIFEST_UNKNOWN',
  },
  'C47 Retry-After is handed on': {
    rows: [{ request: 'GET /v2/r/manifests/1', answer: { status: 429, headers: { 'retry-after': '7' } } }],
    act: async (registry) => (await failure(byTag(registry))).retryAfter,
    gives: 7,
  },
  'C49 names are checked first': {
    rows: [],
    act: (registry) => registry.getManifest('r', 'a/b'),
    gives: 'TAG_INVALID',
  },
  'C50 a registry that tells nothing but status and bytes': {
    rows: [
      { request: 'HEAD /v2/r/manifests/1' },
      get('manifests/1', { 'content-type': mediaTypes.ociManifest }, image.bytes),
    ],
    act: head,
    gives: image.descriptor,
  },
};

test.each(Object.entries(rules))('%s', async (_, { rows, act, gives }) => {
  if (typeof gives === 'string' && /^[A-Z_]+$/.test(gives))
    expect((await failure(during(rows, act))).code).toBe(gives);
  else {
    const result = await during(rows, act);
    if (gives !== undefined) expect(result).toEqual(gives);
  }
});

test('C20 `0-0` is no byte or one: nothing is the safe guess', async () => {
  const rows = [{ request: `GET ${uploads}1`, answer: { status: 204, headers: { range: '0-0' } } }];
  const upload = await during(rows, (registry) => registry.startUpload('r', { resume: `${uploads}1` }));
  expect(upload.offset).toBe(0);
});

test.each([
  [`sha256:${'a'.repeat(64)}`, `sha256-${'a'.repeat(64)}`],
  [`sha512:${'a'.repeat(128)}`, `sha512-${'a'.repeat(64)}`],
  [
    'test+algorithm+using+algorithm+separators+and+lots+of+characters+to+exceed+32+characters:alsoSome=InTheEncodedSectionToShowHyphenReplacementAndLotsOfCharactersToExceedThe64CharacterLimit',
    'test-algorithm-using-algorithm-s-alsoSome-InTheEncodedSectionToShowHyphenReplacementAndLotsOfChar',
  ],
])('C37 the fallback tag of %.20s', (digest, tag) => {
  expect(referrersTag(digest)).toBe(tag);
});

test('C43 with the manifest goes its entry', async () => {
  await during(
    [
      noApi,
      get(fallback, asIndex, listing(entry)),
      get(`manifests/${signature.digest}`, { 'content-type': mediaTypes.ociManifest }, signature.bytes),
      { request: `DELETE /v2/r/manifests/${signature.digest}`, answer: { status: 202 } },
      get(fallback, asIndex, listing(entry)),
      { ...put(referrersTag(image.digest)), body: listing() },
    ],
    async (registry) => {
      await referrers(registry);
      await registry.deleteManifest('r', signature.digest);
    },
  );
});

test('C48 no request says `ns`', async () => {
  await during([asImage('1')], byTag);
  await during([{ ...get('tags/list?n=1000', {}, '{"tags":[]}') }], tags);
});

test('C4 the digest of a tag may be of sha512, and is checked then', async () => {
  const digest: Digest = blob(Buffer.from(image.bytes).toString(), 'sha512').digest;
  const descriptor = await during([asImage('1', { 'docker-content-digest': digest })], byTag);
  expect(descriptor).toEqual({ ...image.descriptor, digest });
});
