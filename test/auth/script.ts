import { expect } from 'vitest';
import type {
  HeaderFields,
  Transport,
  TransportRequest,
  TransportResponse,
} from '../../src/transport/index.ts';

/** What a scripted server answers. */
export interface Answer {
  readonly status?: number;
  readonly headers?: HeaderFields;
  readonly body?: string | Uint8Array;
  /** Where it comes from, if the request was redirected. */
  readonly from?: string;
}

/** An expected request, and the answer to it. */
export type Exchange = readonly [request: string, answer: Answer];

/** A transport that knows a list of exchanges. */
export interface Script {
  readonly transport: Transport;
  /** The requests as they came, for what a line does not say. */
  readonly requests: readonly TransportRequest[];
  /** Bodies of answers that were neither read to the end nor discarded. */
  readonly unread: number;
  /** Fails if an exchange is left over. */
  done(): void;
}

/**
 * Answers requests in exactly this order; any other request fails. A request is written as
 * `GET https://host/path?query`, then, after bars, its authorization and its body, if there are any.
 */
export function script(...exchanges: readonly Exchange[]): Script {
  const left = [...exchanges];
  const requests: TransportRequest[] = [];
  let unread = 0;
  const transport: Transport = async (request) => {
    const line = await written(request);
    requests.push(request);
    const next = left.shift();
    expect(line, 'this request was not expected').toBe(next?.[0] ?? 'no request');
    unread++;
    return response(request, next?.[1] ?? {}, () => unread--);
  };
  return {
    transport,
    requests,
    get unread() {
      return unread;
    },
    done: () => expect(left.map(([request]) => request)).toEqual([]),
  };
}

async function written({ method, url, headers, body }: TransportRequest): Promise<string> {
  const line = `${method} ${decodeURIComponent(url.href)}`;
  const authorization = headers['authorization'];
  const parts = [line, ...(authorization === undefined ? [] : [authorization])];
  if (body !== undefined) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body.open()) chunks.push(chunk);
    parts.push(decodeURIComponent(Buffer.concat(chunks).toString('utf8')));
  }
  return parts.join(' | ');
}

function response(request: TransportRequest, answer: Answer, onEnd: () => void): TransportResponse {
  const bytes =
    typeof answer.body === 'string' ? Buffer.from(answer.body) : (answer.body ?? new Uint8Array());
  let ended = false;
  const end = (): void => {
    if (!ended) onEnd();
    ended = true;
  };
  return {
    status: answer.status ?? 200,
    headers: answer.headers ?? {},
    url: answer.from === undefined ? request.url : new URL(answer.from),
    body: (async function* () {
      for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
      end();
    })(),
    discard: async () => end(),
  };
}

/** An answer of a registry that wants authorization. */
export function unauthorized(...challenges: readonly string[]): Answer {
  return {
    status: 401,
    headers: challenges.length === 0 ? {} : { 'www-authenticate': challenges },
    body: JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] }),
  };
}

/** An answer of a token server. */
export function token(value: string, more: Readonly<Record<string, unknown>> = {}): Answer {
  return {
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: value, expires_in: 300, ...more }),
  };
}

/** A clock that stands still until it is moved. */
export function clock(): { readonly now: () => number; pass(seconds: number): void } {
  let time = 1_000_000;
  return { now: () => time, pass: (seconds) => void (time += seconds * 1000) };
}

/** The error that a promise fails with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => expect.unreachable(`wanted a failure, got ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
}
