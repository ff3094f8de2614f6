/** Attacks on the server and on those who share it: by numbers, by places in uploads, and by spellings of paths. */
import { beforeEach, describe, expect, test } from 'vitest';
import { mediaTypes } from '../../src/oci/index.ts';
import type { Registry } from '../../src/registry/index.ts';
import { createHandler } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { blob, config, hello, image } from '../client/talk.ts';
import { ask, replacing, type Answer, type Message } from '../server/ask.ts';

let store: Registry;
const send = (line: string, message?: Message): Promise<Answer> => ask(createHandler(store), line, message);

beforeEach(async () => {
  store = memoryRegistry();
  for (const thing of [config, hello]) await store.pushBlob('r', thing.descriptor, thing.bytes);
  await store.pushManifest('r', image.bytes, { mediaType: mediaTypes.ociManifest, tags: ['1'] });
});

describe('[A20] [row 134] the number of names that a page is to have', () => {
  test.each(['-1', '1e9', '0x10', '1.5', 'NaN', ' ', ''])('"%s" is none', async (n) => {
    for (const path of ['/v2/_catalog', '/v2/r/tags/list'])
      expect(await send(`GET ${path}?n=${encodeURIComponent(n)}`)).toMatchObject({ status: 400 });
  });

  // Not refused, as docker-registry does: a client that wants all of them gets a page, and a link to the next.
  test.each(['100000', '4294967296', '9'.repeat(40)])('%s is more than anybody gets', async (n) => {
    let taken = 0;
    store = replacing(store, 'tags', async function* () {
      for (;;) yield `t${taken++}`;
    });
    const { status, headers } = await send(`GET /v2/r/tags/list?n=${n}`);
    expect(status).toBe(200);
    expect(taken).toBeLessThan(11_000);
    expect(headers['link']).toContain('n=10000&last=t9999');
  });
});

describe('[A42] an upload', () => {
  const thing = blob('0123456789');
  /** Where an upload stands that has the first five bytes. */
  async function begun(): Promise<string> {
    const { headers } = await send('POST /v2/r/blobs/uploads/');
    const patched = await send(`PATCH ${headers['location'] as string}`, {
      headers: { 'content-range': '0-4' },
      body: '01234',
    });
    expect(patched.status).toBe(202);
    return patched.headers['location'] as string;
  }
  const finished = (place: string): Promise<Answer> =>
    send(`PUT ${place}?digest=${thing.digest}`, { body: '56789' });

  test.each(['0-4', '4-8', '6-10', '100-104'])(
    '[row 129] does not take %s where it stands at 5, and lives',
    async (range) => {
      const place = await begun();
      const answer = await send(`PATCH ${place}`, { headers: { 'content-range': range }, body: '56789' });
      expect(answer).toMatchObject({ status: 416 });
      expect((await finished(place)).status).toBe(201);
    },
  );

  test.each(['5-7', '5-100'])('[row 130] does not take five bytes as %s, and lives', async (range) => {
    const place = await begun();
    const answer = await send(`PATCH ${place}`, { headers: { 'content-range': range }, body: '56789' });
    expect(answer.status).toBe(400);
    expect((await finished(place)).status).toBe(201);
  });

  test('[row 131] is not there for another repository, nor by another id', async () => {
    const place = await begun();
    const id = place.split('/').at(-1) ?? '';
    const forged = `${id.slice(0, -2)}${id.endsWith('AA') ? 'BB' : 'AA'}`;
    for (const other of [
      `/v2/other/blobs/uploads/${id}`,
      `/v2/r/blobs/uploads/${forged}`,
      '/v2/r/blobs/uploads/1',
    ]) {
      for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
        const answer = await send(`${method} ${other}${method === 'PUT' ? `?digest=${thing.digest}` : ''}`);
        expect(answer).toMatchObject({ status: 404, errors: [{ code: 'BLOB_UPLOAD_UNKNOWN' }] });
      }
    }
    expect((await finished(place)).status).toBe(201);
  });

  test('[row 132] that ends with the digest of something else leaves nothing', async () => {
    const place = await begun();
    const wrong = await send(`PUT ${place}?digest=${blob('other').digest}`, { body: '56789' });
    expect(wrong).toMatchObject({ status: 400, errors: [{ code: 'DIGEST_INVALID' }] });
    for (const digest of [thing.digest, blob('other').digest])
      expect((await send(`HEAD /v2/r/blobs/${digest}`)).status).toBe(404);
  });
});

describe('[A39] [row 133] what is in one repository', () => {
  test('is not in another', async () => {
    await store.pushBlob('other', config.descriptor, config.bytes);
    for (const path of [`blobs/${hello.digest}`, `manifests/${image.digest}`, 'manifests/1'])
      for (const method of ['GET', 'HEAD'])
        expect((await send(`${method} /v2/other/${path}`)).status).toBe(404);
    expect(await send(`GET /v2/other/blobs/${hello.digest}`)).toMatchObject({
      errors: [{ code: 'BLOB_UNKNOWN' }],
    });
  });

  test('is mounted from where it is, and else is an upload like any other', async () => {
    const { digest } = blob('nobody has this');
    for (const from of ['r', 'nowhere'])
      expect((await send(`POST /v2/other/blobs/uploads/?mount=${digest}&from=${from}`)).status).toBe(202);
    expect((await send(`POST /v2/other/blobs/uploads/?mount=${hello.digest}&from=nowhere`)).status).toBe(202);
    expect((await send(`POST /v2/other/blobs/uploads/?mount=${hello.digest}&from=r`)).status).toBe(201);
  });
});

describe('[A50] a path that is spelt otherwise', () => {
  test.each([
    '/v2/r%2fmanifests/1',
    '/v2/x/../r/manifests/1',
    '/v2/x/%2e%2e/r/manifests/1',
    '/v2/x%2f..%2fr/manifests/1',
    '/v2//r/manifests/1',
    '//v2/r/manifests/1',
    '/v2/r//manifests/1',
    '/v2/r/manifests/1/',
    '/v2/r/./manifests/1',
    '/v2/r/manifests/%2e%2e',
    '/v2/r/manifests/..%2f1',
    '/v2/R/manifests/1',
    '/v2/r\\manifests\\1',
    '/v2/r/manifests/1%00',
    '/v2/r/blobs/sha256:%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  ])('%s leads nowhere', async (path) => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const { status } = await send(`${method} ${path}`);
      expect([400, 404, 405]).toContain(status);
    }
    expect((await store.resolveManifest('r', '1')).digest).toBe(image.digest);
  });
});
