import { algorithmOf, isAlgorithm, isRepository, type Digest } from '../oci/index.ts';
import {
  fields,
  formatHeld,
  formatRoute,
  headerValue,
  parseChunkRange,
  type Route,
} from '../protocol/index.ts';
import {
  checkDigest,
  isDenied,
  isNotFound,
  RegistryError,
  type ChunkOptions,
  type Upload,
} from '../registry/index.ts';
import { lengthOf, single, type Exchange, type ServerReply, type ServerRequest } from './request.ts';

/** What of an id fits into a request line, beside the rest of it: Node takes 16 KiB of head. */
const LONGEST_ID = 12 * 1024;

type UploadRoute = Extract<Route, { kind: 'upload' }>;

/** POST: a mount, a whole blob, or the start of an upload. */
export async function startUpload(
  exchange: Exchange,
  { repository }: Extract<Route, { kind: 'uploads' }>,
): Promise<ServerReply> {
  const { registry, request, query } = exchange;
  const mount = single(query, 'mount');
  if (mount !== undefined && (await mounts(exchange, repository, mount))) return created(repository, mount);
  const digest = single(query, 'digest');
  if (digest !== undefined && mount === undefined) {
    const named = checkDigest(digest);
    const [size, { body, signal }] = [lengthOf(request), request];
    if (size !== undefined) await registry.pushBlob(repository, { digest: named, size }, body, { signal });
    else await receive(await registry.startUpload(repository), named, { chunk: body, signal });
    return created(repository, digest);
  }
  const algorithm = single(query, 'digest-algorithm');
  if (algorithm !== undefined && !isAlgorithm(algorithm)) {
    throw new RegistryError('DIGEST_INVALID', 'unsupported digest algorithm: want sha256 or sha512', {
      status: 400,
    });
  }
  const upload = await registry.startUpload(repository, { ...(algorithm !== undefined && { algorithm }) });
  return progress(202, { repository, upload, algorithm: algorithm ?? '' });
}

/** A blob whose length nobody announced. Its upload has no name by which the caller could go on with it. */
async function receive(upload: Upload, digest: Digest, last: Parameters<Upload['commit']>[1]): Promise<void> {
  try {
    await upload.commit(digest, last);
  } catch (error) {
    await upload.cancel();
    throw error;
  }
}

/** GET: where an upload stands. */
export async function showUpload(exchange: Exchange, route: UploadRoute): Promise<ServerReply> {
  return progress(204, await resume(exchange, route));
}

/** PATCH: a chunk. Without a place it is appended, as most clients send it. */
export async function patchUpload(exchange: Exchange, route: UploadRoute): Promise<ServerReply> {
  const options = chunkOptions(exchange.request);
  const session = await resume(exchange, route, options.offset);
  await session.upload.write(exchange.request.body, options);
  return progress(202, session);
}

/** PUT: the end, with or without a last chunk. */
export async function finishUpload(exchange: Exchange, route: UploadRoute): Promise<ServerReply> {
  const { request, query } = exchange;
  const digest = single(query, 'digest');
  if (digest === undefined)
    throw new RegistryError('DIGEST_INVALID', 'the parameter "digest" is missing', { status: 400 });
  const options = chunkOptions(request);
  const { upload, algorithm } = await resume(exchange, route, options.offset);
  if (algorithm !== '' && algorithmOf(checkDigest(digest)) !== algorithm) {
    throw new RegistryError('DIGEST_INVALID', `the upload was announced as ${algorithm}`, { status: 400 });
  }
  const hasBody = options.size === undefined || options.size > 0;
  await upload.commit(checkDigest(digest), hasBody ? { chunk: request.body, ...options } : undefined);
  return created(route.repository, digest);
}

/** DELETE: the caller gives it up. */
export async function cancelUpload(exchange: Exchange, route: UploadRoute): Promise<ServerReply> {
  await (await resume(exchange, route)).upload.cancel();
  return { status: 204, headers: {} };
}

/** Whether a mount succeeded. That there is none, and that it is not allowed, are the same answer: 202. */
async function mounts(
  { registry, request, query }: Exchange,
  repository: string,
  mount: string,
): Promise<boolean> {
  const digest = checkDigest(mount);
  const from = query.get('from') ?? undefined;
  if (from !== undefined && !isRepository(from)) return false;
  try {
    return await registry.mountBlob(repository, digest, from, { signal: request.signal });
  } catch (error) {
    if (isNotFound(error) || isDenied(error)) return false;
    throw error;
  }
}

/** An upload as its URL names it. */
interface Session {
  readonly repository: string;
  readonly upload: Upload;
  /** What its digest was announced to be of, or nothing. */
  readonly algorithm: string;
}

/**
 * Finds the upload of a URL. All there is to know of it travels in the path, the store's own name for it above all, so
 * that any process in front of the same store can go on with it.
 */
async function resume(
  { registry, request }: Exchange,
  { repository, id }: UploadRoute,
  offset?: number,
): Promise<Session> {
  const text = id.length > LONGEST_ID ? '' : Buffer.from(id, 'base64url').toString();
  const [, algorithm, resumed] = /^([a-z0-9]{0,10}) (.+)$/.exec(text) ?? [];
  if (algorithm === undefined || resumed === undefined || Buffer.from(text).toString('base64url') !== id) {
    throw new RegistryError('BLOB_UPLOAD_UNKNOWN', 'upload is not known', { status: 404, repository });
  }
  const upload = await registry.startUpload(repository, {
    resume: resumed,
    signal: request.signal,
    ...(offset !== undefined && { offset }),
  });
  return { repository, upload, algorithm };
}

function chunkOptions(request: ServerRequest): ChunkOptions {
  const size = lengthOf(request);
  const { signal } = request;
  const field = headerValue(request.headers, 'content-range');
  if (field === undefined) return { signal, ...(size !== undefined && { size }) };
  const range = parseChunkRange(field);
  if (range === undefined)
    throw new RegistryError('RANGE_INVALID', 'Content-Range must be first-last', { status: 416 });
  const length = range.end - range.start;
  if (size !== undefined && size !== length) {
    throw new RegistryError(
      'SIZE_INVALID',
      `Content-Range speaks of ${length} bytes, Content-Length of ${size}`,
      { status: 400 },
    );
  }
  return { signal, size: length, offset: range.start };
}

function progress(status: number, { repository, upload, algorithm }: Session): ServerReply {
  const id = Buffer.from(`${algorithm} ${upload.id}`).toString('base64url');
  if (id.length > LONGEST_ID) {
    throw new RegistryError('UNAVAILABLE', `an upload of ${repository} has an id that no URL can carry`, {
      repository,
    });
  }
  return {
    status,
    headers: {
      location: formatRoute({ kind: 'upload', repository, id }),
      range: formatHeld(upload.offset),
      [fields.uploadId]: id,
      ...(status !== 204 && { 'content-length': '0' }),
      ...(upload.minimumChunk > 0 && { [fields.chunkMinimum]: String(upload.minimumChunk) }),
    },
  };
}

function created(repository: string, digest: string): ServerReply {
  const location = formatRoute({ kind: 'blob', repository, digest: checkDigest(digest) });
  return { status: 201, headers: { location, [fields.contentDigest]: digest, 'content-length': '0' } };
}
