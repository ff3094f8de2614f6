import { repositoryScope } from '../auth/index.ts';
import {
  digestOf,
  isDigest,
  isMediaType,
  manifestTypes,
  mediaTypes,
  printable,
  verifiableAlgorithm,
  type Descriptor,
  type Digest,
} from '../oci/index.ts';
import { fields, formatRange, parseContentRange } from '../protocol/index.ts';
import {
  checkDigest,
  checkReference,
  checkRepository,
  clampRange,
  contentOf,
  contentOfBytes,
  DOCUMENT_LIMIT,
  type ByteRange,
  type Content,
  type ContentParts,
  type RegistryError,
  type Registry,
} from '../registry/index.ts';
import { headerValue, readBounded, redactUrl, type TransportResponse } from '../transport/index.ts';
import { manifestType, ownWords } from './manifest-type.ts';
import type { Call, Session } from './session.ts';

type Read = Pick<Registry, 'getBlob' | 'getManifest' | 'resolveBlob' | 'resolveManifest'>;

// Docker Hub gives the oldest form to who does not name the newer ones; docker-registry gives 404 for `*/*` alone.
const ACCEPT = [...manifestTypes, '*/*;q=0.1'].join(', ');
// A compressed answer keeps the compressed length in its header, and bombs come compressed.
const AS_IT_IS = { 'accept-encoding': 'identity' };

export function readOperations(session: Session): Read {
  const blobCall = (method: string, repository: string, digest: Digest, signal?: AbortSignal): Call => {
    checkRepository(repository);
    checkDigest(digest);
    return {
      method,
      route: { kind: 'blob', repository, digest },
      headers: AS_IT_IS,
      scope: repositoryScope(repository, 'pull'),
      signal,
    };
  };
  const manifestCall = (
    method: string,
    repository: string,
    reference: string,
    signal?: AbortSignal,
  ): Call => {
    checkRepository(repository);
    checkReference(reference);
    return {
      method,
      route: { kind: 'manifest', repository, reference },
      headers: { ...AS_IT_IS, accept: ACCEPT },
      scope: repositoryScope(repository, 'pull'),
      signal,
    };
  };
  const operations: Read = {
    async resolveBlob(repository, digest, { signal } = {}) {
      const call = blobCall('HEAD', repository, digest, signal);
      const response = await session.call(call, 200);
      await response.discard();
      const size = contentLength(response);
      if (size === undefined)
        throw session.invalid(call, 'RESPONSE_INVALID', 'the registry does not tell the size of the blob');
      return { mediaType: mediaTypes.octetStream, digest, size };
    },
    async getBlob(repository, digest, { range, signal } = {}) {
      const call = blobCall('GET', repository, digest, signal);
      if (range !== undefined)
        return getPart(session, call, digest, range, () =>
          operations.resolveBlob(repository, digest, signal === undefined ? {} : { signal }),
        );
      const response = await session.call(call, 200);
      await checkAnswer(session, call, response, digest);
      const size =
        contentLength(response) ?? (await sizeByHead(operations, repository, digest, response, signal));
      return contentOf(bodyOf(response), {
        descriptor: { mediaType: mediaTypes.octetStream, digest, size },
        ...behind(call, response),
      });
    },
    async resolveManifest(repository, reference, { signal } = {}) {
      const call = manifestCall('HEAD', repository, reference, signal);
      const response = await session.call(call, 200);
      await response.discard();
      const [mediaType, size] = [manifestType(response), contentLength(response)];
      const digest = isDigest(reference) ? reference : digestHeader(session, call, response);
      if (mediaType !== undefined && size !== undefined && digest !== undefined)
        return { mediaType, digest, size };
      // ECR leaves the digest away, others the length: then only the document itself tells.
      return (await operations.getManifest(repository, reference, signal === undefined ? {} : { signal }))
        .descriptor;
    },
    async getManifest(repository, reference, { signal } = {}) {
      const call = manifestCall('GET', repository, reference, signal);
      const response = await session.call(call, 200);
      await checkAnswer(session, call, response, undefined);
      const bytes = await readBounded(response, DOCUMENT_LIMIT);
      if (bytes === undefined)
        throw session.invalid(call, 'RESPONSE_INVALID', `the manifest has more than ${DOCUMENT_LIMIT} bytes`);
      const descriptor = describe(session, call, response, bytes, reference);
      // The bytes have been hashed once; reading them checks the digest that was asked for again, which is cheap.
      return contentOfBytes(bytes, { descriptor, facts: factsOf(call, response) });
    },
  };
  return operations;
}

/** The descriptor of a manifest that was read, its digest and type checked against what was asked for and what it says itself. */
function describe(
  session: Session,
  call: Call,
  response: TransportResponse,
  bytes: Uint8Array,
  reference: string,
): Descriptor {
  const asked = isDigest(reference) ? reference : undefined;
  const announced = asked ?? digestHeader(session, call, response);
  const algorithm = announced === undefined ? undefined : verifiableAlgorithm(announced);
  const digest =
    asked !== undefined && algorithm === undefined ? asked : digestOf(bytes, algorithm ?? 'sha256');
  if (algorithm !== undefined && digest !== announced) {
    throw session.invalid(call, 'DIGEST_MISMATCH', `expected ${announced}, got ${digest}`);
  }
  const header = manifestType(response);
  const { mediaType, ambiguous } = ownWords(bytes);
  if (ambiguous)
    throw session.invalid(call, 'MEDIA_TYPE_CONFLICT', 'the document is both an index and a manifest');
  // Who asked by digest has the bytes that were meant, so their own word on what they are counts.
  const type = asked !== undefined ? (mediaType ?? header) : header;
  if (type === undefined || !isMediaType(type))
    throw session.invalid(
      call,
      'MEDIA_TYPE_CONFLICT',
      'the registry does not say what kind of manifest it is',
    );
  if (mediaType !== undefined && mediaType !== type) {
    throw session.invalid(
      call,
      'MEDIA_TYPE_CONFLICT',
      `sent as ${type}, but it says that it is ${printable(mediaType)}`,
    );
  }
  return { mediaType: type, digest, size: bytes.length };
}

async function getPart(
  session: Session,
  call: Call,
  digest: Digest,
  range: ByteRange,
  resolve: () => Promise<Descriptor>,
): Promise<Content> {
  const response = await session.call(
    { ...call, headers: { ...call.headers, range: formatRange(range) } },
    206,
    200,
  );
  await checkAnswer(session, call, response, undefined);
  return orDiscard(response, async () => {
    const length = contentLength(response);
    if (response.status === 200) {
      // The range was not heeded: the part is cut out here.
      const size = length ?? (await resolve()).size;
      const part = clampRange(range, size);
      return contentOf(slice(bodyOf(response), part), {
        descriptor: { mediaType: mediaTypes.octetStream, digest, size },
        range: part,
        ...behind(call, response),
      });
    }
    const field = headerValue(response.headers, 'content-range');
    const part = parseContentRange(field);
    const total = /\/(\d{1,16})$/.exec(field ?? '')?.[1];
    const refuse = (): RegistryError =>
      session.invalid(
        call,
        'RESPONSE_INVALID',
        `asked for ${formatRange(range)}, got "${field?.slice(0, 80) ?? 'no Content-Range'}"`,
      );
    if (part?.start !== range.start) throw refuse();
    const size = total === undefined ? (await resolve()).size : Number(total);
    // All of what was asked for, as far as there is so much.
    if (part.end !== Math.min(range.end ?? size, size)) throw refuse();
    return contentOf(bodyOf(response), {
      descriptor: { mediaType: mediaTypes.octetStream, digest, size },
      range: part,
      ...behind(call, response),
    });
  });
}

/** Refuses answers that are not the plain bytes, or that say themselves that they are other bytes. */
async function checkAnswer(
  session: Session,
  call: Call,
  response: TransportResponse,
  asked: Digest | undefined,
): Promise<void> {
  await orDiscard(response, async () => {
    const encoding = headerValue(response.headers, 'content-encoding');
    if (encoding !== undefined && encoding !== 'identity') {
      throw session.invalid(
        call,
        'ENCODING_REFUSED',
        `the answer is encoded (${encoding.slice(0, 60)}), though it was asked for as it is`,
      );
    }
    const digest = asked === undefined ? undefined : digestHeader(session, call, response);
    if (asked === undefined || digest === undefined || digest === asked) return;
    if (verifiableAlgorithm(digest) === verifiableAlgorithm(asked))
      throw session.invalid(call, 'DIGEST_MISMATCH', `expected ${asked}, the registry sends ${digest}`);
  });
}

/** Looks at an answer, and lets it go if that fails: nobody will read it then. */
async function orDiscard<T>(response: TransportResponse, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    await response.discard();
    throw error;
  }
}

function digestHeader(session: Session, call: Call, response: TransportResponse): Digest | undefined {
  const value = headerValue(response.headers, fields.contentDigest);
  if (value === undefined || value === '') return undefined;
  if (isDigest(value)) return value;
  throw session.invalid(call, 'RESPONSE_INVALID', `malformed Docker-Content-Digest "${value.slice(0, 100)}"`);
}

function contentLength(response: TransportResponse): number | undefined {
  const value = headerValue(response.headers, 'content-length');
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

async function sizeByHead(
  { resolveBlob }: Read,
  repository: string,
  digest: Digest,
  response: TransportResponse,
  signal: AbortSignal | undefined,
): Promise<number> {
  return orDiscard(
    response,
    async () => (await resolveBlob(repository, digest, signal === undefined ? {} : { signal })).size,
  );
}

/** The body, whose connection is freed wherever the reader stops. */
async function* bodyOf(response: TransportResponse): AsyncGenerator<Uint8Array> {
  try {
    yield* response.body;
  } finally {
    await response.discard();
  }
}

async function* slice(
  stream: AsyncIterable<Uint8Array>,
  { start, end }: Required<ByteRange>,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of stream) {
    const part = chunk.subarray(Math.max(0, start - at), Math.max(0, end - at));
    if (part.length > 0) yield part;
    at += chunk.length;
    if (at >= end) return;
  }
}

/** What content of an answer needs to know of it. */
function behind(call: Call, response: TransportResponse): Pick<ContentParts, 'facts' | 'release'> {
  return { facts: factsOf(call, response), release: () => response.discard() };
}

function factsOf(
  { method, route }: Call,
  response: TransportResponse,
): { method: string; url: string; repository?: string } {
  return {
    method,
    url: redactUrl(response.url),
    ...('repository' in route && { repository: route.repository }),
  };
}
