/**
 * A scripted server, as a transport: a table of the requests that are expected, each with its answer. Tests of
 * clients read as conversations with it, and assert *exactly* what is sent.
 */
import type { HeaderFields, Transport, TransportRequest, TransportResponse } from '../src/transport/index.ts';

/** One row: what is expected, and what is answered. */
export interface Exchange {
  /** `GET /v2/r/tags/list?n=2`; with its origin where that is another: `GET https://cdn.test/x`. */
  readonly request: string;
  /** Fields that matter: their value, a pattern, or `undefined` for one that must not be there. `content-length` is the body's announced length. */
  readonly headers?: Readonly<Record<string, string | RegExp | undefined>>;
  /** The body that must come. Not checked unless given. */
  readonly body?: string | Uint8Array;
  /** Unless given: 200, with nothing. */
  readonly answer?: Answer;
}

/** What the server says. */
export interface Answer {
  readonly status?: number;
  readonly headers?: HeaderFields;
  /** At once, or in pieces, also without end. */
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** No answer: the transport fails with this. */
  readonly fail?: unknown;
}

export interface ScriptOptions {
  /** Where requests without an origin go. */
  readonly origin?: string;
  /** The rows may come in any order; of two that fit, the first one is taken. */
  readonly anyOrder?: boolean;
}

/** A script that is being played. */
export interface Script {
  readonly transport: Transport;
  /** What was asked so far, as it stands in tables. */
  readonly lines: readonly string[];
  /** The requests as they came, for what a row does not say. */
  readonly requests: readonly TransportRequest[];
  /**
   * Fails if a request was not expected, if a row is left over, or if an answer was neither read to its end nor
   * discarded: such a one holds a connection. To be called at the end of each test.
   */
  done(): void;
}

/** Plays a table of exchanges. */
export function scripted(
  exchanges: readonly Exchange[],
  { origin = 'https://registry.test', anyOrder = false }: ScriptOptions = {},
): Script {
  const left = [...exchanges];
  const lines: string[] = [];
  const requests: TransportRequest[] = [];
  const problems: string[] = [];
  const held = new Set<string>();

  const transport: Transport = async (request) => {
    request.signal?.throwIfAborted();
    const came = await read(request, origin);
    lines.push(came.line);
    requests.push(request);
    const candidates = anyOrder ? left : left.slice(0, 1);
    const found = candidates.find((row) => differences(row, came).length === 0);
    if (found === undefined) {
      // Thrown, for the test to end here; and kept, as the client may be one that forgives.
      problems.push(unexpected(came, candidates));
      throw new Error(problems.at(-1));
    }
    left.splice(left.indexOf(found), 1);
    if (found.answer !== undefined && 'fail' in found.answer) throw found.answer.fail;
    const name = `${requests.length}. ${came.line}`;
    held.add(name);
    return respond(request, found.answer ?? {}, () => held.delete(name));
  };
  return {
    transport,
    lines,
    requests,
    done() {
      const leftOver = left.map(({ request }) => `expected, but never came: ${request}`);
      const unread = [...held].map((line) => `neither read nor discarded: the answer to ${line}`);
      const all = [...problems, ...leftOver, ...unread];
      if (all.length > 0) throw new Error(all.join('\n'));
    },
  };
}

interface Came {
  readonly line: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

async function read({ method, url, headers, body }: TransportRequest, origin: string): Promise<Came> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body?.open() ?? []) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const length = body?.size ?? body?.bytes?.length;
  if (length !== undefined && length !== bytes.length)
    throw new Error(`${method} ${url.href}: ${length} bytes were announced, ${bytes.length} came`);
  const target = url.origin === origin ? url.href.slice(url.origin.length) : url.href;
  return {
    line: `${method} ${legible(target)}`,
    headers: {
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
      'content-length': length === undefined ? undefined : String(length),
    },
    body: bytes,
  };
}

/** Colons and slashes in queries as people write them; the rest as it was sent. */
function legible(target: string): string {
  return target.replaceAll(/%3A/gi, ':').replaceAll(/%2F/gi, '/');
}

function differences(row: Exchange, came: Came): readonly string[] {
  const found: string[] = [];
  if (row.request !== came.line) found.push(`request: ${row.request}`);
  for (const [name, want] of Object.entries(row.headers ?? {})) {
    const got = came.headers[name.toLowerCase()];
    const fits = want instanceof RegExp ? got !== undefined && want.test(got) : got === want;
    if (!fits) found.push(`${name}: ${want?.toString() ?? '(none)'}, not ${got ?? '(none)'}`);
  }
  if (row.body !== undefined && Buffer.compare(Buffer.from(row.body), came.body) !== 0)
    found.push(`body: ${shown(Buffer.from(row.body))}, not ${shown(came.body)}`);
  return found;
}

function unexpected(came: Came, candidates: readonly Exchange[]): string {
  const nearest = candidates.find(({ request }) => request === came.line) ?? candidates[0];
  const wanted = nearest === undefined ? ['no request at all'] : differences(nearest, came);
  return [`unexpected: ${came.line}`, ...wanted.map((line) => `  wanted ${line}`)].join('\n');
}

function shown(bytes: Uint8Array): string {
  return `${bytes.length} bytes ${JSON.stringify(Buffer.from(bytes.subarray(0, 80)).toString())}`;
}

function respond(request: TransportRequest, answer: Answer, freed: () => void): TransportResponse {
  return {
    status: answer.status ?? 200,
    headers: answer.headers ?? {},
    url: request.url,
    body: (async function* () {
      for await (const piece of pieces(answer.body)) {
        request.signal?.throwIfAborted();
        yield piece;
      }
      freed();
    })(),
    discard: async () => freed(),
  };
}

function pieces(body: Answer['body']): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (body === undefined) return [];
  if (typeof body === 'string') return [Buffer.from(body)];
  return body instanceof Uint8Array ? [body] : body;
}
