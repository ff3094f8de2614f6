/** A cache around a client, behind a server: a mirror that pulls what it is asked for. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { registryClient, type RegistryClient } from '../../../src/client/index.ts';
import { createHandler, listen } from '../../../src/server/index.ts';
import { cached, memoryCache, type CacheOptions } from '../../../src/wrap/cache/index.ts';
import { blob, failure, hello, image, type Thing } from '../../client/talk.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

interface Mirror {
  /** What the registry behind was asked. */
  readonly asked: string[];
  /** A client of the mirror, on connections of its own. */
  client(): RegistryClient;
}

async function mirror(answer: Answer, options: CacheOptions = {}): Promise<Mirror> {
  const asked: string[] = [];
  const upstream = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const behind = registryClient(`http://127.0.0.1:${(upstream.address() as AddressInfo).port}`, {
    retries: 0,
    maxWait: 0,
  });
  const server = await listen(createHandler(cached(behind, memoryCache(), options)));
  const clients: RegistryClient[] = [];
  onTestFinished(async () => {
    for (const client of clients) await client.close();
    await server.close();
    await behind.close();
    upstream.closeAllConnections();
    upstream.close();
  });
  return {
    asked,
    client() {
      const client = registryClient(server.url, { retries: 0, maxWait: 0 });
      clients.push(client);
      return client;
    },
  };
}

/** Answers slowly, so that those who come together meet. */
const slowly =
  ({ bytes, descriptor }: Thing): Answer =>
  (_, response) => {
    response.writeHead(200, {
      'content-type': descriptor.mediaType,
      'content-length': bytes.length,
      'docker-content-digest': descriptor.digest,
    });
    response.flushHeaders();
    setTimeout(() => response.write(bytes.subarray(0, 2)), 20);
    setTimeout(() => response.end(bytes.subarray(2)), 40);
  };

test('two clients that pull the same cold blob get all of it, and it is asked for once [row 138]', async () => {
  const { asked, client } = await mirror(slowly(hello));
  const pull = async (): Promise<string> => (await client().getBlob('r', hello.digest)).text();
  expect(await Promise.all([pull(), pull()])).toEqual(['hello', 'hello']);
  expect(await pull()).toBe('hello');
  expect(asked).toEqual([`GET /v2/r/blobs/${hello.digest}`]);
});

test('and so they do when it is too large to be kept, each by a request [row 138]', async () => {
  const large = blob('x'.repeat(300_000));
  const { asked, client } = await mirror(slowly(large), { contentLimit: 1000 });
  const pull = async (): Promise<Uint8Array> => (await client().getBlob('r', large.digest)).bytes();
  for (const got of await Promise.all([pull(), pull()])) expect(Buffer.compare(got, large.bytes)).toBe(0);
  expect(asked).toEqual([1, 2].map(() => `GET /v2/r/blobs/${large.digest}`));
});

test('a blob that is wrong reaches neither of them, and is not kept [row 138]', async () => {
  let bytes = Buffer.from('hellO');
  const { asked, client } = await mirror((request, response) =>
    slowly({ ...hello, bytes })(request, response),
  );
  const pull = async (): Promise<string> => (await client().getBlob('r', hello.digest)).text();
  const both = await Promise.allSettled([pull(), pull()]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  bytes = Buffer.from('hello');
  expect(await pull()).toBe('hello');
  expect(asked.length).toBeGreaterThan(1);
});

test.each([401, 403, 429])(
  '%i for a tag is passed on, though the manifest is here [row 139] [A41]',
  async (status) => {
    let refusing = false;
    const { client } = await mirror((request, response) => {
      if (!refusing) slowly(image)(request, response);
      else if (status === 429) response.writeHead(429, { 'retry-after': '30' }).end();
      else response.writeHead(status).end();
    });
    const one = client();
    expect((await one.getManifest('r', 'v1')).descriptor.digest).toBe(image.digest);
    refusing = true;
    expect(await failure(one.getManifest('r', 'v1'))).toMatchObject({
      status,
      ...(status === 429 && { retryAfter: 30 }),
    });
    expect(await failure(one.resolveManifest('r', 'v1'))).toMatchObject({ status });
  },
);
