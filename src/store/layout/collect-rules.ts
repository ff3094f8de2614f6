import type { Descriptor, Digest } from '../../oci/index.ts';

/** What a collection tells of: what goes, or would go. */
export type CollectEvent = { readonly repository: string } & (
  | { readonly type: 'entry'; readonly descriptor: Descriptor }
  | { readonly type: 'blob'; readonly digest: Digest; readonly size: number }
  /** What a process that ended, or another tool, left behind; its path in the layout. */
  | { readonly type: 'leftover'; readonly path: string; readonly size: number }
);

/** Settings of the collection in one layout. Times in milliseconds. */
export interface CollectRules {
  readonly grace: number;
  readonly uploadExpiry: number;
  readonly unnamed: boolean;
  readonly dryRun: boolean;
  readonly signal: AbortSignal | undefined;
  readonly tell: (event: CollectEvent) => void;
  /** Frees what a removed blob took up elsewhere. */
  readonly release: (digest: Digest) => Promise<void>;
}

/** How many there are, and their size in bytes. */
export interface Amount {
  readonly count: number;
  readonly size: number;
}
