/** The header fields that the protocol adds to HTTP, in lower case. */
export const fields = {
  contentDigest: 'docker-content-digest',
  subject: 'oci-subject',
  tag: 'oci-tag',
  filtersApplied: 'oci-filters-applied',
  chunkMinimum: 'oci-chunk-min-length',
  apiVersion: 'docker-distribution-api-version',
  uploadId: 'docker-upload-uuid',
} as const;

/** The most tags that one push by digest may carry: more do not fit into the URLs that servers take. */
export const MOST_TAGS = 46;

/**
 * The tag under which referrers are listed where there is no API for it.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#referrers-tag-schema
 */
export function referrersTag(digest: string): string {
  const colon = digest.indexOf(':');
  const clean = (text: string, length: number): string =>
    text.slice(0, length).replaceAll(/[^A-Za-z0-9_.-]/g, '-');
  return `${clean(digest.slice(0, colon), 32)}-${clean(digest.slice(colon + 1), 64)}`;
}
