import { repositoryScope } from '../auth/index.ts';
import {
  digestOf,
  isDigest,
  isMediaType,
  printable,
  verifiableAlgorithm,
  type Descriptor,
  type Digest,
} from '../oci/index.ts';
import {
  blobDescriptor,
  checkDigest,
  checkReference,
  checkRepository,
  clampRange,
  contentOf,
  contentOfBytes,
  DOCUMENT_LIMIT,
  type ByteRange,
  type Content,
  type ErrorFacts,
  type Registry,
} from '../registry/index.ts';
import { redactUrl, type TransportResponse } from '../transport/index.ts';
import {
  checkDigestHeader,
  checkEnd,
  checkPlain,
  contentLength,
  digestHeader,
  inPart,
  orDiscard,
  partOf,
} from './check.ts';
import { readDocument } from './document.ts';
import { manifestType, ownWords } from './manifest-type.ts';
import { lastingBody } from './resume.ts';
import type { Call, Session } from './session.ts';

type Read = Pick<Registry, 'getBlob' | 'getManifest' | 'resolveBlob' | 'resolveManifest'>;

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
      headers: { ...AS_IT_IS, accept: session.accept },
      scope: repositoryScope(repository, 'pull'),
      signal,
    };
  };
  const operations: Read = {
    async resolveBlob(repository, digest, { signal } = {}) {
      const call = blobCall('HEAD', repository, digest, signal);
      const response = await session.call(call, 200);
      await response.discard();
      checkDigestHeader(session, call, response, digest);
      const size = contentLength(response);
      if (size === undefined)
        throw session.invalid(call, 'RESPONSE_INVALID', 'the registry does not tell the size of the blob');
      return blobDescriptor(digest, size);
    },
    async getBlob(repository, digest, { range, signal } = {}) {
      const call = blobCall('GET', repository, digest, signal);
      const options = signal === undefined ? {} : { signal };
      const response =
        range === undefined
          ? await session.call(call, 200)
          : await session.call(inPart(call, range), 206, 200);
      return orDiscard(response, async () => {
        checkPlain(session, call, response);
        checkDigestHeader(session, call, response, digest);
        const sizeOf = async (told: number | undefined): Promise<number> =>
          told ?? (await operations.resolveBlob(repository, digest, options)).size;
        return range === undefined
          ? blobOf(session, call, response, digest, await sizeOf(contentLength(response)))
          : partOfBlob(session, call, response, digest, range, sizeOf);
      });
    },
    async resolveManifest(repository, reference, { signal } = {}) {
      const call = manifestCall('HEAD', repository, reference, signal);
      // 405: static files behind a server that knows nothing but GET.
      const response = await session.call(call, 200, 405);
      await response.discard();
      if (isDigest(reference)) checkDigestHeader(session, call, response, reference);
      const [mediaType, size] = [manifestType(response), contentLength(response)];
      const digest = isDigest(reference) ? reference : digestHeader(session, call, response);
      if (response.status === 200 && mediaType !== undefined && size !== undefined && digest !== undefined)
        return { mediaType, digest, size };
      // ECR leaves the digest away, others the length: then only the document itself tells.
      return (await operations.getManifest(repository, reference, signal === undefined ? {} : { signal }))
        .descriptor;
    },
    async getManifest(repository, reference, { signal } = {}) {
      const call = manifestCall('GET', repository, reference, signal);
      const { response, bytes } = await readDocument(session, call, 'the manifest', DOCUMENT_LIMIT);
      checkPlain(session, call, response);
      const descriptor = describe(session, call, response, bytes, reference);
      return contentOfBytes(bytes, { descriptor, facts: factsOf(call, response), verified: true });
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
      `sent as ${type}, but it says that it is ${printable(session.hush(mediaType))}`,
    );
  }
  return { mediaType: type, digest, size: bytes.length };
}

/** A part of a blob, whether the range was heeded or the whole came. */
async function partOfBlob(
  session: Session,
  call: Call,
  response: TransportResponse,
  digest: Digest,
  asked: ByteRange,
  sizeOf: (told: number | undefined) => Promise<number>,
): Promise<Content> {
  if (response.status === 200) {
    const size = await sizeOf(contentLength(response));
    return blobOf(session, call, response, digest, size, clampRange(asked, size));
  }
  const part = partOf(session, call, response, asked);
  const size = await sizeOf(part.total);
  checkEnd(session, call, part, asked, size);
  return blobOf(session, call, response, digest, size, part.range);
}

/** A blob, or a part of it, as it comes out of an answer and those that may be needed after it. */
function blobOf(
  session: Session,
  call: Call,
  response: TransportResponse,
  digest: Digest,
  size: number,
  range?: Required<ByteRange>,
): Content {
  const { stream, release } = lastingBody(session, call, response, {
    digest,
    size,
    range: range ?? { start: 0, end: size },
  });
  return contentOf(stream, {
    descriptor: blobDescriptor(digest, size),
    ...(range !== undefined && { range }),
    facts: factsOf(call, response),
    release,
  });
}

function factsOf({ method, route }: Call, response: TransportResponse): ErrorFacts {
  return {
    method,
    url: redactUrl(response.url),
    ...('repository' in route && { repository: route.repository }),
  };
}
