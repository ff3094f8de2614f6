import { RegistryError } from '../registry/index.ts';
import {
  redactUrl,
  systemClock,
  type Clock,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from '../transport/index.ts';
import { legible, type Received } from './compare.ts';
import { untilCut, type Answer, type Exchange, type Played, type TableOptions } from './exchange.ts';
import { table } from './table.ts';

export interface ScriptOptions extends TableOptions {
  /** Where requests without an origin go. `https://registry.test` unless told. */
  readonly origin?: string;
  /** Measures the delays of answers. */
  readonly clock?: Pick<Clock, 'sleep'>;
}

/** A script that is played as a transport. */
export interface Script extends Played {
  readonly transport: Transport;
  /** The requests as they came, for what a row does not say. */
  readonly requests: readonly TransportRequest[];
  /**
   * @throws {Error} also if an answer was neither read to its end nor discarded: such a one holds a connection.
   */
  done(): void;
}

/**
 * Plays a table of exchanges as a transport: tests of what is built on one read as conversations, and assert
 * *exactly* what is sent. A request that fits no row fails at once, and again in `done`.
 * @example
 * ```ts
 * const { transport, done } = scripted([
 *   { request: 'GET /v2/app/tags/list?n=1000', answer: { status: 503 } },
 *   { request: 'GET /v2/app/tags/list?n=1000', answer: { body: '{"tags":["v1"]}' } },
 * ]);
 * const registry = registryClient('registry.test', { transport });
 * for await (const tag of registry.tags('app')) console.log(tag);
 * done();
 * ```
 */
export function scripted(exchanges: readonly Exchange[], options: ScriptOptions = {}): Script {
  const { origin = 'https://registry.test', clock = systemClock } = options;
  const rows = table(exchanges, options);
  const requests: TransportRequest[] = [];
  const held = new Set<string>();

  const transport: Transport = async (request) => {
    request.signal?.throwIfAborted();
    const came = await read(request, origin);
    requests.push(request);
    const answer = rows.take(came);
    if (answer.delay !== undefined) await clock.sleep(answer.delay, request.signal);
    if ('fail' in answer) throw answer.fail;
    if (answer.reset === true) throw broken(request, 'the connection was reset');
    const name = `${requests.length}. ${came.line}`;
    held.add(name);
    return respond(request, answer, () => held.delete(name));
  };
  return {
    transport,
    requests,
    lines: rows.lines,
    done() {
      const report = rows.report(
        [...held].map((line) => `neither read nor discarded: the answer to ${line}`),
      );
      if (report !== undefined) throw new Error(report);
    },
  };
}

async function read({ method, url, headers, body }: TransportRequest, origin: string): Promise<Received> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body?.open() ?? []) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const length = body?.size ?? body?.bytes?.length;
  if (length !== undefined && length !== bytes.length)
    throw new Error(`${method} ${url.href}: ${length} bytes were announced, ${bytes.length} came`);
  return {
    line: legible(method, url.origin === origin ? url.href.slice(origin.length) : url.href),
    headers: {
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
      'content-length': length === undefined ? undefined : String(length),
    },
    body: bytes,
  };
}

function respond(request: TransportRequest, answer: Answer, freed: () => void): TransportResponse {
  return {
    status: answer.status ?? 200,
    headers: answer.headers ?? {},
    url: request.url,
    body: (async function* () {
      try {
        for await (const piece of untilCut(answer)) {
          request.signal?.throwIfAborted();
          yield piece;
        }
        if (answer.cut !== undefined) throw broken(request, `the connection broke after ${answer.cut} bytes`);
      } catch (error) {
        // What is broken holds no connection.
        freed();
        throw error;
      }
      freed();
    })(),
    discard: async () => freed(),
  };
}

function broken({ method, url }: TransportRequest, why: string): RegistryError {
  const shown = redactUrl(url);
  return new RegistryError('UNAVAILABLE', `${method} ${shown}: ${why}`, { method, url: shown });
}
