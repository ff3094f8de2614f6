/**
 * For each thing that can go wrong in a plain way: the status, and a JSON body whose code says what it was.
 * The codes of less plain failures are demanded where those failures are.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
 */
import { demand, header, refused, status } from './answer.ts';
import { group, once, rowsOf, table, type Case } from './case.ts';
import { contentOf, randomContent, word } from './content.ts';
import { artifact } from './documents.ts';
import type { Answer } from './http.ts';
import { MANIFEST } from './mediatype.ts';
import type { Registry } from './registry.ts';
import { patch } from './uploads.ts';

/** A request that fails, and how. */
interface Failure {
  send(): Promise<Answer>;
  readonly statuses: readonly number[];
  readonly codes: readonly string[];
}

export function errorCases(registry: Registry): Case[] {
  const errors = table('errors', failures(registry), async ({ send, statuses, codes }) =>
    refused(await send(), statuses, codes),
  );
  return [...errors, ...methods(registry)];
}

function failures(registry: Registry): Readonly<Record<string, Failure>> {
  const { one } = registry;
  const nowhere = `${one}/${word()}`;
  const { bytes, digest } = contentOf('some bytes');
  const session = once(() => registry.open(one));
  const pushed = once(async () => {
    const { manifest, blob } = artifact();
    await registry.push(one, blob);
    status(await registry.putManifest(one, manifest.digest, manifest.bytes, MANIFEST), 201);
    return manifest;
  });
  const put = async (reference: string, body: string, type = MANIFEST): Promise<Answer> => {
    await pushed();
    return await registry.putManifest(one, reference, Buffer.from(body), type);
  };
  const uploads = `/v2/${one}/blobs/uploads`;
  const unknown = `${uploads}/2b0f0f5c-7a55-4d8e-9f27-0d3b4a1d9d11`;
  const failure = (send: () => Promise<Answer>, is: number, ...codes: string[]): Failure => ({
    send,
    statuses: [is],
    codes,
  });
  return {
    'BLOB_UNKNOWN: GET': failure(
      () => registry.blob('GET', one, randomContent(9).digest),
      404,
      'BLOB_UNKNOWN',
    ),
    'BLOB_UNKNOWN: DELETE': failure(
      () => registry.blob('DELETE', one, randomContent(9).digest),
      404,
      'BLOB_UNKNOWN',
    ),
    'MANIFEST_UNKNOWN: GET by tag': failure(
      () => registry.manifest('GET', one, `none-${word()}`),
      404,
      'MANIFEST_UNKNOWN',
    ),
    'MANIFEST_UNKNOWN: GET by digest': failure(
      () => registry.manifest('GET', one, randomContent(9).digest),
      404,
      'MANIFEST_UNKNOWN',
    ),
    'MANIFEST_UNKNOWN: DELETE': failure(
      () => registry.manifest('DELETE', one, `none-${word()}`),
      404,
      'MANIFEST_UNKNOWN',
    ),
    'NAME_UNKNOWN: tags': failure(() => registry.tags(nowhere), 404, 'NAME_UNKNOWN'),
    'NAME_INVALID: tags': {
      send: () => registry.tags('UPPER'),
      statuses: [400, 404],
      codes: ['NAME_INVALID'],
    },
    'NAME_INVALID: POST': {
      send: () => registry.post('UPPER'),
      statuses: [400, 404],
      codes: ['NAME_INVALID'],
    },
    'BLOB_UPLOAD_UNKNOWN: GET': failure(() => registry.send('GET', unknown), 404, 'BLOB_UPLOAD_UNKNOWN'),
    'BLOB_UPLOAD_UNKNOWN: PATCH': failure(() => patch(registry, unknown, bytes), 404, 'BLOB_UPLOAD_UNKNOWN'),
    'BLOB_UPLOAD_UNKNOWN: PUT': failure(
      () => registry.close(unknown, digest, bytes),
      404,
      'BLOB_UPLOAD_UNKNOWN',
    ),
    'BLOB_UPLOAD_UNKNOWN: DELETE': failure(
      () => registry.send('DELETE', unknown),
      404,
      'BLOB_UPLOAD_UNKNOWN',
    ),
    'BLOB_UPLOAD_INVALID: a chunk out of order': failure(
      async () => patch(registry, await session(), bytes, { 'Content-Range': '100-109' }),
      416,
      'BLOB_UPLOAD_INVALID',
      'SIZE_INVALID',
    ),
    'DIGEST_INVALID: a blob of other bytes': failure(
      async () => registry.close(await registry.open(one), digest, Buffer.from('other bytes')),
      400,
      'DIGEST_INVALID',
    ),
    'DIGEST_INVALID: a manifest of other bytes': failure(
      () =>
        put(
          randomContent(9).digest,
          '{"schemaVersion":2,"manifests":[]}',
          'application/vnd.oci.image.index.v1+json',
        ),
      400,
      'DIGEST_INVALID',
    ),
    'DIGEST_INVALID: in the path of a blob': failure(
      () => registry.blob('GET', one, 'sha256:bad'),
      400,
      'DIGEST_INVALID',
    ),
    'DIGEST_INVALID: in the path of a manifest': failure(
      () => put('sha256:bad', '{}'),
      400,
      'DIGEST_INVALID',
    ),
    'DIGEST_INVALID: in the path of referrers': failure(
      () => registry.referrers(one, 'bad'),
      400,
      'DIGEST_INVALID',
    ),
    'MANIFEST_INVALID: no JSON': failure(() => put(`bad-${word()}`, 'not JSON'), 400, 'MANIFEST_INVALID'),
    'MANIFEST_INVALID: a media type that is none': failure(
      () => put(`bad-${word()}`, '{"schemaVersion":2}', 'text/html'),
      400,
      'MANIFEST_INVALID',
    ),
  };
}

/** Methods that an endpoint does not have. */
function methods(registry: Registry): Case[] {
  const { one } = registry;
  const requests = [
    'DELETE /v2/',
    'POST /v2/',
    'POST /v2/<name>/manifests/latest',
    'PATCH /v2/<name>/manifests/latest',
    `PUT /v2/<name>/blobs/${contentOf('').digest}`,
    'DELETE /v2/<name>/tags/list',
    `PUT /v2/<name>/referrers/${contentOf('').digest}`,
    'PUT /v2/<name>/blobs/uploads/',
    'PROPFIND /v2/<name>/tags/list',
    'TRACE /v2/',
  ];
  return [
    ...table('methods', rowsOf(requests), async (request) => {
      const [method = '', path = ''] = request.replace('<name>', one).split(' ');
      const answer = await registry.send(method, path);
      refused(answer, [400, 404, 405]);
      // RFC 9110, 15.5.6
      if (answer.status === 405)
        demand(header(answer, 'Allow') !== '', answer, 'an Allow header with methods');
    }),
    ...group('methods', {
      'paths outside of the API': async () => {
        for (const path of ['/v1/', '/v2/_nothing', '/v3/', '/v2/x', '/favicon.ico', `/v2/${one}/nothing`]) {
          const answer = await registry.send('GET', path);
          demand(answer.status >= 400 && answer.status < 500, answer, 'a 4xx');
        }
      },
    }),
  ];
}
