import type { Json } from '../../oci/index.ts';

/** What a document is. */
export type DocumentKind = 'index' | 'image' | 'config' | 'layout' | 'unknown';

/** A JSON object, before its form is known. */
export type JsonObject = { readonly [name: string]: Json };

/** What decides, beside the document itself, which rules hold for it. */
export interface RuleOptions {
  /** What it has to be. Unless told, what it says itself, or else what it has, decides. */
  readonly kind?: DocumentKind;
  /** It is the `index.json` of a layout, whose entries need not say a platform. */
  readonly platformsOptional?: boolean;
  /** It is an attestation of BuildKit's, and no image that can be run. */
  readonly attestation?: boolean;
}
