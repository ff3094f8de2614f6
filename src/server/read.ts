import type { Digest } from '../oci/index.ts';
import {
  fields,
  formatContentRange,
  headerValue,
  headerValues,
  parseRange,
  type Route,
} from '../protocol/index.ts';
import {
  errorCode,
  RegistryError,
  type ByteRange,
  type Content,
  type GetBlobOptions,
} from '../registry/index.ts';
import type { Exchange, ServerReply } from './request.ts';

/** GET and HEAD of a blob, whole or in part. */
export async function getBlob(
  exchange: Exchange,
  { repository, digest }: Extract<Route, { kind: 'blob' }>,
): Promise<ServerReply> {
  const { registry, request } = exchange;
  const { signal } = request;
  const common = {
    [fields.contentDigest]: digest,
    'accept-ranges': 'bytes',
    etag: `"${digest}"`,
    'content-type': 'application/octet-stream',
  };
  if (isKnown(exchange, digest))
    return notModified(await registry.resolveBlob(repository, digest, { signal }));
  if (request.method === 'HEAD') {
    const { size } = await registry.resolveBlob(repository, digest, { signal });
    return { status: 200, headers: { ...common, 'content-length': String(size) } };
  }
  // A part that was begun of other bytes is not to be gone on with (RFC 9110, 13.1.5).
  const begunOfThis = headerValue(request.headers, 'if-range') ?? common.etag;
  const wish = begunOfThis === common.etag ? parseRange(headerValue(request.headers, 'range')) : undefined;
  const size = async (): Promise<number> => (await registry.resolveBlob(repository, digest, { signal })).size;
  try {
    if (wish === 'unsatisfiable')
      throw new RegistryError('RANGE_INVALID', 'the range cannot be met', { status: 416 });
    const range = wish === undefined ? undefined : 'last' in wish ? lastBytes(wish.last, await size()) : wish;
    const options: GetBlobOptions = { signal, ...(range !== undefined && { range }) };
    return replyWith(await registry.getBlob(repository, digest, options), common);
  } catch (error) {
    if (errorCode(error) !== 'RANGE_INVALID') throw error;
    return {
      status: 416,
      headers: { ...common, 'content-range': `bytes */${await size()}`, 'content-length': '0' },
    };
  }
}

/** GET and HEAD of a manifest. What the caller accepts does not matter: a manifest has one form, the one pushed. */
export async function getManifest(
  exchange: Exchange,
  { repository, reference }: Extract<Route, { kind: 'manifest' }>,
): Promise<ServerReply> {
  const { registry, request } = exchange;
  const { signal } = request;
  const headers = (digest: Digest, mediaType: string): Record<string, string> => ({
    [fields.contentDigest]: digest,
    etag: `"${digest}"`,
    'content-type': mediaType,
  });
  if (request.method === 'HEAD' || headerValue(request.headers, 'if-none-match') !== undefined) {
    const { digest, mediaType, size } = await registry.resolveManifest(repository, reference, { signal });
    if (isKnown(exchange, digest)) return notModified({ digest });
    if (request.method === 'HEAD')
      return { status: 200, headers: { ...headers(digest, mediaType), 'content-length': String(size) } };
  }
  const content = await registry.getManifest(repository, reference, { signal });
  return replyWith(content, headers(content.descriptor.digest, content.descriptor.mediaType));
}

function replyWith(content: Content, headers: Record<string, string>): ServerReply {
  const { descriptor, range } = content;
  if (range === undefined)
    return { status: 200, headers: { ...headers, 'content-length': String(descriptor.size) }, body: content };
  return {
    status: 206,
    headers: {
      ...headers,
      'content-range': formatContentRange(range, descriptor.size),
      'content-length': String(range.end - range.start),
    },
    body: content,
  };
}

function lastBytes(length: number, size: number): ByteRange {
  // The last nothing of a blob is no range.
  return length === 0 ? { start: size } : { start: Math.max(0, size - length), end: size };
}

/** Whether the caller has it already. */
function isKnown({ request }: Exchange, digest: Digest): boolean {
  const known = headerValues(request.headers, 'if-none-match').join(',').slice(0, 4096);
  return known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === `"${digest}"`);
}

function notModified({ digest }: { readonly digest: Digest }): ServerReply {
  return { status: 304, headers: { [fields.contentDigest]: digest, etag: `"${digest}"` } };
}
