import { withoutParameters } from '../oci/index.ts';
import { headerValue, type TransportResponse } from '../transport/index.ts';

/** Content-Type of a manifest. @returns undefined when there is none, or it is no manifest's. */
export function manifestType(response: TransportResponse): string | undefined {
  const type = withoutParameters(headerValue(response.headers, 'content-type') ?? '');
  return /^application\/[^\s]{1,120}(?:\+json|\+prettyjws)$/.test(type) ? type : undefined;
}

const utf8 = new TextDecoder();

/** What a document says that it is. */
export interface OwnWords {
  readonly mediaType?: string;
  /** It has the fields of an index and those of a manifest: whoever reads it first decides what it is. */
  readonly ambiguous: boolean;
}

/** Looks into a document, which need not be JSON at all. */
export function ownWords(bytes: Uint8Array): OwnWords {
  let document: unknown;
  try {
    document = JSON.parse(utf8.decode(bytes));
  } catch {
    return { ambiguous: false };
  }
  if (typeof document !== 'object' || document === null) return { ambiguous: false };
  return {
    ...('mediaType' in document &&
      typeof document.mediaType === 'string' && { mediaType: document.mediaType }),
    ambiguous: 'manifests' in document && ('layers' in document || 'config' in document),
  };
}
