import { expect, test } from 'vitest';
import type { RegistryClient } from '../../src/client/index.ts';
import { mediaTypes, type Descriptor } from '../../src/oci/index.ts';
import type { Exchange } from '../../src/testing/index.ts';
import { all, during, failure, hello, image, manifest, signature } from './talk.ts';

const entry: Descriptor = { ...signature.descriptor, artifactType: 'application/vnd.test.signature' };
const sbom: Descriptor = {
  ...manifest({ config: hello.descriptor, layers: [] }).descriptor,
  artifactType: 'application/vnd.test.sbom',
};
const tag = `sha256-${image.digest.slice('sha256:'.length)}`;
const indexOf = (...manifests: readonly Descriptor[]): string =>
  JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });

const api = (answer: Exchange['answer'], query = ''): Exchange => ({
  request: `GET /v2/r/referrers/${image.digest}${query}`,
  headers: { accept: mediaTypes.ociIndex },
  ...(answer !== undefined && { answer }),
});
const listed = (body: string, headers: Record<string, string> = {}) => ({
  headers: { 'content-type': mediaTypes.ociIndex, ...headers },
  body,
});
const noApi = api({ status: 404 });
const readTag = (answer: Exchange['answer']): Exchange => ({
  request: `GET /v2/r/manifests/${tag}`,
  ...(answer !== undefined && { answer }),
});
const referrers = (registry: RegistryClient) => all(registry.referrers('r', image.digest));

test('by the API: one GET', async () => {
  expect(await during([api(listed(indexOf(entry, sbom)))], referrers)).toEqual([entry, sbom]);
});

test('by the API, in pages; what is there twice comes once', async () => {
  const link = `</v2/r/referrers/${image.digest}?page=2>; rel="next"`;
  const rows = [api(listed(indexOf(entry), { link })), api(listed(indexOf(entry, sbom)), '?page=2')];
  expect(await during(rows, referrers)).toEqual([entry, sbom]);
});

test.each([{}, { 'oci-filters-applied': 'artifactType' }, { 'oci-filters-applied': 'other, artifactType' }])(
  'of one type, where the registry says of filters: %j',
  async (headers) => {
    const list = await during(
      [api(listed(indexOf(entry, sbom), headers), '?artifactType=application/vnd.test.sbom')],
      (registry) => all(registry.referrers('r', image.digest, { artifactType: 'application/vnd.test.sbom' })),
    );
    expect(list).toEqual([sbom]);
  },
);

test('without the API: by the tag; and the API is not tried again', async () => {
  const list = await during(
    [noApi, readTag(listed(indexOf(entry))), readTag(listed(indexOf(entry)))],
    async (registry) => [...(await referrers(registry)), ...(await referrers(registry))],
  );
  expect(list).toEqual([entry, entry]);
});

test('without the API and without the tag: none', async () => {
  expect(await during([noApi, readTag({ status: 404 })], referrers)).toEqual([]);
});

test('without the API, and with a tag that is no index: none', async () => {
  const answer = { headers: { 'content-type': mediaTypes.ociManifest }, body: image.bytes };
  expect(await during([noApi, readTag(answer)], referrers)).toEqual([]);
});

test.each([401, 403, 429, 500, 503])('an answer of %i is an error, not an empty list', async (status) => {
  const headers: Record<string, string> = status === 401 ? { 'www-authenticate': 'Basic realm="r"' } : {};
  await failure(during([api({ status, headers })], referrers));
  await failure(during([noApi, readTag({ status, headers })], referrers));
});

test('[A18] [A22] a list of more than 100,000 is refused, not cut off', async () => {
  const digests = (at: number): string[] =>
    Array.from({ length: 30_000 }, (_, each) => `sha256:${String(at * 30_000 + each).padStart(64, '0')}`);
  const pageOf = (at: number): Exchange =>
    api(
      listed(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: mediaTypes.ociIndex,
          manifests: digests(at).map((digest) => ({ mediaType: mediaTypes.ociManifest, digest, size: 2 })),
        }),
        { link: `<?${at + 1}>; rel="next"` },
      ),
      at === 0 ? '' : `?${at}`,
    );
  const error = await failure(during([0, 1, 2, 3, 4].map(pageOf), referrers));
  expect(error).toMatchObject({ code: 'PAGINATION_REFUSED', repository: 'r' });
  expect(error.message).toContain('more than 100000 referrers');
});

test('[A18] pages that bring nothing new, without end, are refused', async () => {
  const rows = ['', '?1', '?2', '?3'].map((query, at) =>
    api(listed(indexOf(entry), { link: `<?${at + 1}>; rel="next"` }), query),
  );
  expect((await failure(during(rows, referrers))).code).toBe('PAGINATION_REFUSED');
});

const pushSignature = (registry: RegistryClient) =>
  registry.pushManifest('r', signature.bytes, { mediaType: mediaTypes.ociManifest });
const pushed = (headers: Record<string, string> = {}): Exchange => ({
  request: `PUT /v2/r/manifests/${signature.digest}`,
  answer: { status: 201, headers },
});
const writeTag = (body: string): Exchange => ({
  request: `PUT /v2/r/manifests/${tag}`,
  headers: { 'content-type': mediaTypes.ociIndex },
  body,
  answer: { status: 201 },
});

test('push to a registry with the API: one PUT', async () => {
  const { subject } = await during([pushed({ 'oci-subject': image.digest })], pushSignature);
  expect(subject).toBe(image.digest);
});

test('push to a registry without: the tag is written', async () => {
  const { subject } = await during(
    [pushed(), readTag({ status: 404 }), writeTag(indexOf(entry))],
    pushSignature,
  );
  expect(subject).toBe(image.digest);
});

test('push to a registry without, where others are listed: added, once', async () => {
  await during([pushed(), readTag(listed(indexOf(sbom))), writeTag(indexOf(sbom, entry))], pushSignature);
  await during([pushed(), readTag(listed(indexOf(sbom, entry)))], pushSignature);
});

test('push, where the tag is something else: it is left alone, and said', async () => {
  const answer = { headers: { 'content-type': mediaTypes.ociManifest }, body: image.bytes };
  const error = await failure(during([pushed(), readTag(answer)], pushSignature));
  expect(error).toMatchObject({ code: 'MANIFEST_INVALID', repository: 'r' });
  expect(error.message).toContain(tag);
});

test('delete, where the registry is known to have no API: the entry goes as well', async () => {
  await during(
    [
      noApi,
      readTag(listed(indexOf(sbom, entry))),
      {
        request: `GET /v2/r/manifests/${signature.digest}`,
        answer: { headers: { 'content-type': mediaTypes.ociManifest }, body: signature.bytes },
      },
      { request: `DELETE /v2/r/manifests/${signature.digest}`, answer: { status: 202 } },
      readTag(listed(indexOf(sbom, entry))),
      writeTag(indexOf(sbom)),
    ],
    async (registry) => {
      await referrers(registry);
      await registry.deleteManifest('r', signature.digest);
    },
  );
});
