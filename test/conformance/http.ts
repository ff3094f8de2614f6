/**
 * Sends a request as it was written: raw paths, exact headers, a body with a length or in HTTP chunks.
 * Nothing is followed, decoded or judged here: a registry that redirects is not for this suite yet.
 */
import { Agent, request, type ClientRequest, type OutgoingHttpHeaders } from 'node:http';
import type { Target } from './case.ts';

/** What goes with a request line. */
export interface Message {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Uint8Array | undefined;
  /** Send the body in HTTP chunks, without a Content-Length. */
  readonly chunked?: boolean | undefined;
}

/** What came back. */
export interface Answer {
  readonly method: string;
  /** The path and query that were sent; for another host, the whole URL. */
  readonly path: string;
  /** The request in one line, for messages. */
  readonly sent: string;
  readonly status: number;
  /** By lower-case name, each line a value. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Buffer;
  /** Whether the body came to its announced end. */
  readonly whole: boolean;
}

const PATIENCE = 15_000;
const LOST = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/** Connections to a target, kept alive between requests. */
export class Connection {
  readonly #target: Target;
  readonly #agent: Agent = new Agent({ keepAlive: true });

  constructor(target: Target) {
    this.#target = target;
  }

  /** @param path a raw path with its query, or a URL as a `Location` may hold. */
  async send(method: string, path: string, message: Message = {}): Promise<Answer> {
    const base = path.startsWith('/') ? this.#target.url : path;
    const raw = path.startsWith('/') ? path : path.replace(/^[a-z]+:\/\/[^/?]*/i, '') || '/';
    const { hostname, port } = new URL(base);
    const headers = framed(method, message);
    const sent = describe(method, path, message);
    const options = { hostname: hostname.replace(/^\[|\]$/g, ''), port, path: raw, method, headers };
    const start = (agent: Agent | false): ClientRequest => request({ ...options, agent });
    try {
      return { method, path, sent, ...(await exchange(start(this.#agent), message)) };
    } catch (error) {
      // A kept connection may be closed by the server just as we write: that is not the server's fault.
      if (!(error instanceof LostError) || !error.reused) throw unanswered(sent, error);
      return {
        method,
        path,
        sent,
        ...(await exchange(start(false), message).catch((e: unknown) => Promise.reject(unanswered(sent, e)))),
      };
    }
  }
}

type Received = Pick<Answer, 'status' | 'headers' | 'body' | 'whole'>;

class LostError extends Error {
  readonly reused: boolean;
  constructor(cause: Error, reused: boolean) {
    super(cause.message, { cause });
    this.reused = reused;
  }
}

function unanswered(sent: string, error: unknown): Error {
  return new Error(`${sent}\n  wanted an answer\n  got none: ${(error as Error).message}`, { cause: error });
}

function framed(method: string, { headers, body, chunked }: Message): OutgoingHttpHeaders {
  const carries = body !== undefined || ['POST', 'PUT', 'PATCH'].includes(method);
  if (chunked) return { ...headers, 'Transfer-Encoding': 'chunked' };
  return carries ? { 'Content-Length': String(body?.length ?? 0), ...headers } : { ...headers };
}

function describe(method: string, path: string, { headers = {}, body, chunked }: Message): string {
  const parts = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  if (body !== undefined) parts.push(`${body.length} bytes${chunked ? ' in HTTP chunks' : ''}`);
  const line =
    path.length > 300 ? `${path.slice(0, 200)}…${path.slice(-60)} (${path.length} characters)` : path;
  return `${method} ${line}${parts.length > 0 ? ` (${parts.join('; ')})` : ''}`;
}

function exchange(sending: ClientRequest, { body, chunked }: Message): Promise<Received> {
  return new Promise((resolve, reject) => {
    sending.setTimeout(PATIENCE, () => sending.destroy(new Error(`nothing came for ${PATIENCE / 1000} s`)));
    // Once the answer has begun, an error is one of sending the rest of the body, or of a body cut short.
    sending.on('error', (error: NodeJS.ErrnoException) => {
      reject(LOST.has(error.code ?? '') ? new LostError(error, sending.reusedSocket) : error);
    });
    sending.on('response', (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', () => {});
      response.on('close', () => {
        const headers = byName(response.rawHeaders);
        const received = { headers, body: Buffer.concat(pieces), whole: response.complete };
        resolve({ status: response.statusCode ?? 0, ...received });
      });
    });
    if (chunked && body !== undefined) {
      const half = Math.ceil(body.length / 2);
      if (body.length > 0) sending.write(body.subarray(0, half));
      if (body.length > half) sending.write(body.subarray(half));
      sending.end();
    } else sending.end(body);
  });
}

function byName(raw: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = String(raw[i]).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), String(raw[i + 1])]);
  }
  return headers;
}
