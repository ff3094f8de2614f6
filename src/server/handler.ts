import { Invalid } from '../oci/index.ts';
import { fields, formatError, parseRoute, type Route } from '../protocol/index.ts';
import { fromInvalid, isRegistryError, RegistryError, type Registry } from '../registry/index.ts';
import { deleteBlob, deleteManifest } from './delete.ts';
import { listReferrers, listRepositories, listTags } from './list.ts';
import { getBlob, getManifest } from './read.ts';
import type { Exchange, Handler, ServerReply, ServerRequest } from './request.ts';
import { cancelUpload, finishUpload, patchUpload, showUpload, startUpload } from './upload.ts';
import { putManifest } from './write.ts';

/** Settings of a server. */
export interface HandlerOptions {
  /** Is told of what went wrong on our side: what was answered with 5xx, or broke off in the middle. */
  readonly onError?: (error: unknown) => void;
}

type Endpoint<K extends Route['kind']> = (
  exchange: Exchange,
  route: Extract<Route, { kind: K }>,
) => Promise<ServerReply>;
type Endpoints = { readonly [K in Route['kind']]: Readonly<Record<string, Endpoint<K>>> };

const ping: Endpoint<'ping'> = async () => ({
  status: 200,
  headers: { 'content-type': 'application/json', 'content-length': '2' },
  body: new TextEncoder().encode('{}'),
});

/** Everything the protocol has: routes across, methods down. */
const endpoints: Endpoints = {
  ping: { GET: ping, HEAD: ping },
  catalog: { GET: listRepositories },
  tags: { GET: listTags },
  referrers: { GET: listReferrers },
  blob: { GET: getBlob, HEAD: getBlob, DELETE: deleteBlob },
  manifest: { GET: getManifest, HEAD: getManifest, PUT: putManifest, DELETE: deleteManifest },
  uploads: { POST: startUpload },
  upload: { GET: showUpload, PATCH: patchUpload, PUT: finishUpload, DELETE: cancelUpload },
};

/**
 * Serves a registry by the distribution protocol.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints
 */
export function createHandler(registry: Registry, { onError }: HandlerOptions = {}): Handler {
  // That the caller went away in the middle is no failure of ours; and listening must not become one.
  const report = (error: unknown, { signal }: ServerRequest): void => {
    if (signal.aborted) return;
    try {
      onError?.(error);
    } catch {
      // There is nobody left to tell.
    }
  };
  return async (request) => {
    let reply: ServerReply;
    try {
      const mark = request.target.indexOf('?');
      const path = mark < 0 ? request.target : request.target.slice(0, mark);
      const query = new URLSearchParams(mark < 0 ? '' : request.target.slice(mark + 1));
      reply = await dispatch({ registry, request, query }, path);
    } catch (error) {
      reply = replyTo(error);
      if (reply.status >= 500) report(error, request);
    }
    if (!Object.values(reply.headers).every(isFieldValue)) {
      // A store that gives what no header can carry. No HTTP stack would send it, and some would not say why.
      report(new Error('a header of the answer cannot be sent'), request);
      reply = replyTo(undefined);
    }
    const headers = { [fields.apiVersion]: 'registry/2.0', ...reply.headers };
    const { status, body } = reply;
    if (body === undefined || body instanceof Uint8Array) return { ...reply, headers };
    return { status, headers, body: reported(body, (error) => report(error, request)) };
  };
}

/** Printable, as RFC 9110 wants it. */
function isFieldValue(value: string): boolean {
  return /^[\t -~\x80-\xff]*$/.test(value);
}

/** A body whose failure is told of: when it fails, the answer's head is on its way already. */
async function* reported(
  body: AsyncIterable<Uint8Array>,
  report: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    report(error);
    throw error;
  }
}

async function dispatch(exchange: Exchange, path: string): Promise<ServerReply> {
  const route = parseRoute(path);
  if (route === undefined)
    throw new RegistryError('NAME_UNKNOWN', 'there is no such endpoint', { status: 404 });
  // Kind and endpoint come from the same row, which the compiler cannot see.
  const row = endpoints[route.kind] as Readonly<Record<string, Endpoint<Route['kind']>>>;
  const endpoint = Object.hasOwn(row, exchange.request.method) ? row[exchange.request.method] : undefined;
  if (endpoint !== undefined) return endpoint(exchange, route);
  const refusal = replyTo(
    new RegistryError('UNSUPPORTED', `${exchange.request.method.slice(0, 20)} is not for this endpoint`, {
      status: 405,
    }),
  );
  return { ...refusal, headers: { ...refusal.headers, allow: Object.keys(row).join(', ') } };
}

function replyTo(error: unknown): ServerReply {
  const known = isRegistryError(error)
    ? error
    : error instanceof Invalid
      ? (fromInvalid(error, 'MANIFEST_INVALID', { status: 400 }) as RegistryError)
      : undefined;
  // What we did not forecast is ours, and its message is not for strangers.
  const { status, body } = formatError(
    known ?? new RegistryError('UNKNOWN', 'the registry failed', { status: 500 }),
  );
  return {
    status,
    headers: {
      'content-type': 'application/json',
      'content-length': String(body.length),
      ...(known?.retryAfter !== undefined && { 'retry-after': String(known.retryAfter) }),
      ...(known?.code === 'UNAUTHORIZED' && { 'www-authenticate': 'Basic realm="stowage"' }),
    },
    body,
  };
}
