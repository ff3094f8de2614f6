import { familiarReference, type Digest, type FullReference } from '../../oci/index.ts';
import { escapeHtml, formatJson, type Ordered } from '../../json/index.ts';

/** What is asked for in one piece: that something be at some places. Nothing in it is left open. */
export interface DeployDocument {
  readonly type: 'manifest' | 'blob';
  /** Where it is to be. All have the same digest, or none where a tag is copied whose digest nobody has said. */
  readonly refs: readonly FullReference[];
  /** Where its children are found, by digest; by '' those that are not named. */
  readonly lookup: ReadonlyMap<Digest | '', FullReference>;
  /** Its bytes, where the document has them. */
  readonly data?: Uint8Array;
  /** Where it is to be copied from, where it has not. */
  readonly copyFrom?: FullReference;
  /** Of a manifest whose bytes are in the document. */
  readonly mediaType?: string;
}

/** A document with its place in the stream that it came in. */
export interface PlacedDocument extends DeployDocument {
  /** From 1 on. */
  readonly number: number;
  /** The line on which it begins, from 1 on. */
  readonly line: number;
}

/** The digest of what a document deploys, where it is known. */
export function digestOfDocument({ refs }: DeployDocument): Digest | undefined {
  return refs[0]?.digest;
}

/**
 * Writes a document with nothing left open, as `cmd/deploy --dry-run` of docker-library/meta-scripts does: JSON,
 * indented by tabs, which is a document again, and the same one.
 */
export function formatDocument(document: DeployDocument): string {
  const { type, refs, lookup, data, copyFrom, mediaType } = document;
  const found = [...lookup]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([digest, reference]) => [digest, familiarReference(reference)] as const);
  const members: readonly (readonly [string, Ordered])[] = [
    ['type', type],
    ['refs', refs.map(familiarReference)],
    ...(found.length > 0 ? [['lookup', new Map(found)] as const] : []),
    ...(data === undefined ? [] : [['data', Buffer.from(data).toString('base64')] as const]),
    ...(copyFrom === undefined ? [] : [['copyFrom', familiarReference(copyFrom)] as const]),
    ...(mediaType === undefined ? [] : [['mediaType', mediaType] as const]),
  ];
  return escapeHtml(formatJson(new Map(members)));
}
