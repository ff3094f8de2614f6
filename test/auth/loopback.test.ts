import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createAuthorizer, repositoryScope, staticCredentials } from '../../src/auth/index.ts';
import { openable } from '../../src/registry/index.ts';
import {
  fetchTransport,
  followRedirects,
  readBounded,
  undiciTransport,
  type Transport,
} from '../../src/transport/index.ts';

/** A server of this machine; its handler is given each request with its whole body. */
async function serve(
  handle: (request: IncomingMessage, body: string, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => handle(request, Buffer.concat(chunks).toString('utf8'), response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const undici = undiciTransport();

// The challenges are in two lines, which undici keeps apart and fetch joins.
test.each<[string, Transport]>([
  ['undici', undici.send],
  ['fetch', fetchTransport()],
])('over real HTTP, by %s', async (_name, transport) => {
  const log: string[] = [];
  const auth = await serve((request, body, response) => {
    log.push(`${request.method} /token ${new URLSearchParams(body).get('refresh_token')}`);
    response.end(JSON.stringify({ access_token: 'good' }));
  });
  const registry = await serve((request, body, response) => {
    log.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''} ${body}`);
    if (request.headers.authorization === 'Bearer good') return void response.writeHead(201).end('stored');
    const challenges = [
      'Basic realm="x, y"',
      `Bearer realm="${auth}/token",service="s",scope="repository:x:push"`,
    ];
    response.writeHead(401, { 'WWW-Authenticate': challenges }).end('{}');
  });
  const url = new URL(`${registry}/v2/x/manifests/1`);
  const credentials = staticCredentials({ [url.host]: { identityToken: 'refresh' } });
  const authorizer = createAuthorizer(followRedirects(transport), { credentials });

  const response = await authorizer.send(
    { method: 'PUT', url, headers: {}, body: openable(Buffer.from('{"a":1}')) },
    repositoryScope('x', 'push'),
  );
  expect(response.status).toBe(201);
  expect(Buffer.from((await readBounded(response, 100)) ?? []).toString()).toBe('stored');
  expect(log).toEqual([
    'PUT /v2/x/manifests/1  {"a":1}',
    'POST /token refresh',
    'PUT /v2/x/manifests/1 Bearer good {"a":1}',
  ]);
  if (transport === undici.send) await undici.close();
});
