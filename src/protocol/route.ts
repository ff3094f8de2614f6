import { isDigest, isRepository, parseDigest, type Digest } from '../oci/index.ts';
import { fromInvalid, RegistryError } from '../registry/index.ts';

/**
 * The endpoints of the protocol, as the client writes them and the server reads them.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#endpoints
 */
export type Route =
  | { readonly kind: 'ping' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: Digest }
  | { readonly kind: 'manifest'; readonly repository: string; readonly reference: string }
  | { readonly kind: 'uploads'; readonly repository: string }
  | { readonly kind: 'upload'; readonly repository: string; readonly id: string }
  | { readonly kind: 'tags'; readonly repository: string }
  | { readonly kind: 'referrers'; readonly repository: string; readonly digest: Digest };

/** Writes the path of an endpoint. All parts must have been checked; an upload's id is any text. */
export function formatRoute(route: Route): string {
  switch (route.kind) {
    case 'ping':
      return '/v2/';
    case 'catalog':
      return '/v2/_catalog';
    case 'blob':
      return `/v2/${route.repository}/blobs/${route.digest}`;
    case 'manifest':
      return `/v2/${route.repository}/manifests/${route.reference}`;
    case 'uploads':
      return `/v2/${route.repository}/blobs/uploads/`;
    case 'upload':
      return `/v2/${route.repository}/blobs/uploads/${encodeURIComponent(route.id)}`;
    case 'tags':
      return `/v2/${route.repository}/tags/list`;
    case 'referrers':
      return `/v2/${route.repository}/referrers/${route.digest}`;
  }
}

/**
 * Reads a path as it came over the wire. It is taken apart from the right, as names contain slashes, and names are
 * never decoded: an encoded slash or dot that a proxy in front read differently is refused, not interpreted.
 * @param path without the query
 * @returns undefined when it is no endpoint.
 * @throws {RegistryError} `NAME_INVALID`, `DIGEST_INVALID`.
 */
export function parseRoute(path: string): Route | undefined {
  if (path === '/v2' || path === '/v2/') return { kind: 'ping' };
  if (!path.startsWith('/v2/')) return undefined;
  if (path === '/v2/_catalog') return { kind: 'catalog' };
  const segments = path.slice('/v2/'.length).split('/');
  const last = segments.at(-1) as string;
  const before = segments.at(-2);
  const repository = (count: number): string => readRepository(segments.slice(0, -count).join('/'));
  if (before === 'blobs' && last === 'uploads') return { kind: 'uploads', repository: repository(2) };
  if (before === 'uploads' && segments.at(-3) === 'blobs') {
    if (last === '') return { kind: 'uploads', repository: repository(3) };
    return { kind: 'upload', repository: repository(3), id: decode(last) };
  }
  switch (before) {
    case 'blobs':
      return { kind: 'blob', repository: repository(2), digest: readDigest(last) };
    case 'manifests':
      return { kind: 'manifest', repository: repository(2), reference: decode(last) };
    case 'referrers':
      return { kind: 'referrers', repository: repository(2), digest: readDigest(last) };
    case 'tags':
      return last === 'list' ? { kind: 'tags', repository: repository(2) } : undefined;
    default:
      return undefined;
  }
}

function readRepository(name: string): string {
  if (isRepository(name)) return name;
  throw new RegistryError('NAME_INVALID', `invalid repository name "${name.slice(0, 260)}"`, { status: 400 });
}

function readDigest(segment: string): Digest {
  const text = decode(segment);
  if (isDigest(text)) return text;
  try {
    return parseDigest(text);
  } catch (error) {
    throw fromInvalid(error, 'DIGEST_INVALID', { status: 400 });
  }
}

// The last segment alone may be encoded: some clients write the colon of a digest as %3A.
function decode(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
