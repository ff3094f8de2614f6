import { isDigest, withoutParameters } from '../oci/index.ts';
import { fields, formatRoute, headerValue, MOST_TAGS, type Route } from '../protocol/index.ts';
import { checkReference, checkTag, DOCUMENT_LIMIT, RegistryError } from '../registry/index.ts';
import { lengthOf, type Exchange, type ServerReply, type ServerRequest } from './request.ts';

/** PUT of a manifest, by tag or by digest, and then with tags beside it. */
export async function putManifest(
  { registry, request, query }: Exchange,
  { repository, reference }: Extract<Route, { kind: 'manifest' }>,
): Promise<ServerReply> {
  checkReference(reference);
  const tags = isDigest(reference) ? [...new Set(query.getAll('tag'))] : [reference];
  if (tags.length > MOST_TAGS)
    throw new RegistryError('UNSUPPORTED', `more than ${MOST_TAGS} tags at once`, { status: 414 });
  tags.forEach(checkTag);
  const mediaType = withoutParameters(headerValue(request.headers, 'content-type') ?? '');
  const bytes = await readDocument(request);
  const pushed = await registry.pushManifest(repository, bytes, {
    mediaType,
    tags,
    ...(isDigest(reference) && { digest: reference }),
    signal: request.signal,
  });
  const { digest } = pushed.descriptor;
  return {
    status: 201,
    headers: {
      location: formatRoute({ kind: 'manifest', repository, reference: digest }),
      [fields.contentDigest]: digest,
      'content-length': '0',
      ...(pushed.subject !== undefined && { [fields.subject]: pushed.subject }),
      ...(isDigest(reference) && tags.length > 0 && { [fields.tag]: pushed.tags.join(', ') }),
    },
  };
}

/** The body, counted while it comes: what was announced is not to be trusted. */
async function readDocument(request: ServerRequest): Promise<Uint8Array> {
  const tooLarge = (): RegistryError =>
    new RegistryError('MANIFEST_INVALID', `manifests may have ${DOCUMENT_LIMIT} bytes`, { status: 413 });
  if ((lengthOf(request) ?? 0) > DOCUMENT_LIMIT) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.length;
    if (size > DOCUMENT_LIMIT) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
