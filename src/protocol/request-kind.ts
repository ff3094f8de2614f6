/** What a request is for, as statistics count it. */
export type RequestKind =
  'ping' | 'catalog' | 'blob' | 'manifest' | 'upload' | 'tags' | 'referrers' | 'token' | 'other';

/** What a request is for, going by its path alone; registries may stand below a prefix, and uploads have paths of their own. */
export function requestKind(path: string): RequestKind {
  // Also where it stands below a prefix; a tag may be called so, too.
  if (/\/v2\/?$/.test(path) && !/\/v2\/.*\/v2$/.test(path)) return 'ping';
  // Quay and Google give out tokens below the API itself.
  if (/\/v2\/(?:auth|token)$/.test(path)) return 'token';
  if (!path.includes('/v2/')) return /token|auth/.test(path) ? 'token' : 'other';
  if (path.endsWith('/v2/_catalog')) return 'catalog';
  if (/\/blobs\/uploads?(?:\/|$)/.test(path)) return 'upload';
  if (path.endsWith('/tags/list')) return 'tags';
  switch (/\/(manifests|blobs|referrers)\/[^/]+$/.exec(path)?.[1]) {
    case 'manifests':
      return 'manifest';
    case 'blobs':
      return 'blob';
    case 'referrers':
      return 'referrers';
    default:
      return 'other';
  }
}
