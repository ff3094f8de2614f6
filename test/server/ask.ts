import { parseErrors, type WireError } from '../../src/protocol/index.ts';
import { collect, intercept, type Operation, type Registry } from '../../src/registry/index.ts';
import type { Handler, ServerReply, ServerRequest } from '../../src/server/index.ts';
import { bytes } from '../oci/words.ts';

/** What came back, with its body read to the end. */
export interface Answer extends Omit<ServerReply, 'body'> {
  readonly text: string;
  readonly errors: readonly WireError[];
}

/** What goes with a request line. */
export interface Message {
  readonly headers?: ServerRequest['headers'];
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

/** Calls a handler, without any HTTP: `GET /v2/`. A body is sent with its length. */
export async function ask(
  handler: Handler,
  line: string,
  { headers, body = '', signal }: Message = {},
): Promise<Answer> {
  const [method = '', target = ''] = line.split(' ');
  const content = typeof body === 'string' ? bytes(body) : body;
  const reply = await handler({
    method,
    target,
    headers: { 'content-length': String(content.length), ...headers },
    body: (async function* () {
      yield content;
    })(),
    signal: signal ?? new AbortController().signal,
  });
  const read =
    reply.body === undefined || reply.body instanceof Uint8Array ? reply.body : await collect(reply.body);
  return {
    status: reply.status,
    headers: reply.headers,
    text: new TextDecoder().decode(read),
    errors: parseErrors(read ?? new Uint8Array()),
  };
}

/** The same registry, and the names of the operations that were asked of it. */
export function recorded(registry: Registry): {
  readonly registry: Registry;
  readonly operations: Operation['name'][];
} {
  const operations: Operation['name'][] = [];
  return {
    operations,
    registry: intercept(registry, (operation, next) => {
      operations.push(operation.name);
      return next(operation);
    }),
  };
}

/** The same registry, one of whose operations does something else. */
export function replacing<N extends keyof Registry>(registry: Registry, name: N, by: Registry[N]): Registry {
  return { ...registry, [name]: by };
}

/** Waits for something to become true, for 2 seconds at the most. */
export async function until(happened: () => boolean): Promise<boolean> {
  for (let waited = 0; waited < 2000 && !happened(); waited += 10) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return happened();
}
