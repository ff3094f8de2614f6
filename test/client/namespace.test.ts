import { expect, test } from 'vitest';
import { registryClient } from '../../src/client/index.ts';
import { scripted } from '../../src/testing/index.ts';
import { all, during, hello, image } from './talk.ts';

const namespace = 'docker.io';

test('C48 a proxy is told with each request which registry is meant, and only it', async () => {
  const content = await during(
    [
      {
        request: `GET /v2/r/blobs/${hello.digest}?ns=docker.io`,
        answer: {
          status: 401,
          headers: { 'www-authenticate': 'Bearer realm="https://registry.test/token"' },
        },
      },
      // Not the token server, though it is on the same host; and not where the proxy redirects to.
      { request: 'GET /token?scope=repository:r:pull', answer: { body: '{"token":"t"}' } },
      {
        request: `GET /v2/r/blobs/${hello.digest}?ns=docker.io`,
        answer: { status: 307, headers: { location: 'https://cdn.test/hello' } },
      },
      {
        request: 'GET https://cdn.test/hello',
        answer: { body: hello.bytes, headers: { 'content-length': '5' } },
      },
    ],
    async (registry) => (await registry.getBlob('r', hello.digest)).text(),
    { namespace },
  );
  expect(content).toBe('hello');
});

test('the pages of a list say it once, whether or not the proxy repeats it', async () => {
  const tags = await during(
    [
      {
        request: 'GET /v2/r/tags/list?n=2&ns=docker.io',
        answer: {
          body: '{"tags":["a","b"]}',
          headers: { link: '</v2/r/tags/list?n=2&last=b&ns=x>; rel="next"' },
        },
      },
      {
        request: 'GET /v2/r/tags/list?n=2&last=b&ns=docker.io',
        answer: { body: '{"tags":["c"]}', headers: { link: '</v2/r/tags/list?n=2&last=c>; rel="next"' } },
      },
      { request: 'GET /v2/r/tags/list?n=2&last=c&ns=docker.io', answer: { body: '{"tags":["d"]}' } },
    ],
    (registry) => all(registry.tags('r')),
    { namespace, pageSize: 2 },
  );
  expect(tags).toEqual(['a', 'b', 'c', 'd']);
});

test('a proxy whose address has a path', async () => {
  const { transport, done } = scripted([
    {
      request: 'HEAD https://proxy.test/hub/v2/r/manifests/1?ns=docker.io',
      answer: {
        headers: { 'content-type': image.descriptor.mediaType, 'content-length': `${image.bytes.length}` },
      },
    },
    {
      request: 'GET https://proxy.test/hub/v2/r/manifests/1?ns=docker.io',
      answer: { body: image.bytes, headers: { 'content-type': image.descriptor.mediaType } },
    },
  ]);
  const proxy = registryClient('https://proxy.test/hub/', { transport, namespace });
  expect(await proxy.resolveManifest('r', '1')).toEqual(image.descriptor);
  done();
});
