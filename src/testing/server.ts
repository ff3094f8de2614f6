import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { systemClock } from '../transport/index.ts';
import { legible, type Received } from './compare.ts';
import { untilCut, type Answer, type Exchange, type Played, type TableOptions } from './exchange.ts';
import { table } from './table.ts';

/** A script that is played by an HTTP server. */
export interface ScriptedServer extends Played {
  /** `http://127.0.0.1:43210` */
  readonly url: string;
  /** The requests as they came, for what a row does not say. */
  readonly requests: readonly Received[];
  /** Breaks all connections off and stops listening. */
  close(): Promise<void>;
}

/**
 * Plays a table of exchanges by a real server on loopback, for any client that speaks HTTP: another library, a
 * program, a browser. A request that fits no row is answered with 501 and the reason, which nobody tries again,
 * and makes `done` fail.
 * @param exchanges or a function that makes them from the server's URL, where answers have to name it
 * @example
 * ```ts
 * const server = await scriptedServer([
 *   { request: 'GET /v2/app/blobs/sha256:aa', answer: { body: 'hello', cut: 3 } },
 *   { request: 'GET /v2/app/blobs/sha256:aa', headers: { range: 'bytes=3-' }, answer: { status: 206, body: 'lo' } },
 * ]);
 * await download(`${server.url}/v2/app/blobs/sha256:aa`);
 * await server.close();
 * server.done();
 * ```
 */
export async function scriptedServer(
  exchanges: readonly Exchange[] | ((url: string) => readonly Exchange[]),
  options: TableOptions = {},
): Promise<ScriptedServer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const rows = table(typeof exchanges === 'function' ? exchanges(url) : exchanges, options);
  const requests: Received[] = [];
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // The caller went away, or a body on its way to him failed on purpose.
    play(request, response).catch(() => request.socket.destroy());
  });
  return {
    url,
    requests,
    lines: rows.lines,
    done() {
      const report = rows.report();
      if (report !== undefined) throw new Error(report);
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };

  async function play(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const came = await read(request);
    requests.push(came);
    let answer: Answer;
    try {
      answer = rows.take(came);
    } catch (problem) {
      answer = { status: 501, headers: { 'content-type': 'text/plain' }, body: (problem as Error).message };
    }
    if (answer.delay !== undefined) await systemClock.sleep(answer.delay);
    if (answer.reset === true || 'fail' in answer) request.socket.resetAndDestroy();
    else await respond(request, response, answer);
  }
}

async function read(request: IncomingMessage): Promise<Received> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  const { method = '', url = '', headers } = request;
  return {
    line: legible(method, url),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
    body: Buffer.concat(chunks),
  };
}

async function respond(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  const { status = 200, headers = {}, body = '', cut } = answer;
  const bodiless = request.method === 'HEAD' || status === 204 || status === 304;
  // The length of the whole is announced, also of a body that is not going to come whole.
  if ((typeof body === 'string' || body instanceof Uint8Array) && (body.length > 0 || !bodiless))
    response.setHeader('content-length', Buffer.byteLength(body));
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) response.setHeader(name, typeof value === 'string' ? value : [...value]);
  response.writeHead(status);
  response.flushHeaders();
  if (!bodiless) await pipeline(untilCut(answer), response, { end: false });
  if (cut === undefined) response.end();
  // Not `destroy`: what was written before the cut is to arrive.
  else request.socket.destroySoon();
}
