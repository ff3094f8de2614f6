import type { Descriptor, Digest } from '../oci/index.ts';
import type { ReadFacts } from './facts.ts';
import type { Known } from './reach.ts';

/** The entries of a place as they will be, while a change is made to them. Nothing of it happens if the change fails. */
export interface EntriesDraft {
  entries: readonly Descriptor[];
  /** What was deleted: gone when the change is made. */
  readonly gone: Set<Digest>;
  /** Whether a blob is there, and not deleted. */
  has(digest: Digest): boolean | Promise<boolean>;
  /** What a manifest says. */
  readonly read: ReadFacts;
  /** What is reached from the entries as they are now. */
  known(): Promise<Known>;
}
