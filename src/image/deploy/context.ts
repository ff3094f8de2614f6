import type { LimitFunction } from 'p-limit';
import type { Digest } from '../../oci/index.ts';
import type { ReadManifest } from '../document.ts';
import type { Budget } from './budget.ts';
import type { Target } from './target.ts';

/** What the parts of one deploy share. */
export interface DeployContext {
  /** Through which all requests go. */
  readonly limit: LimitFunction;
  readonly signal: AbortSignal;
  readonly budget: Budget;
  /** The manifest that a document carries, so that it need not be read. */
  carried(digest: Digest): ReadManifest | undefined;
  /** The registry is known to refuse manifests whose children are missing, whatever was seen of it. */
  verifies(target: Target): boolean;
}

/** Waits for all, so that nothing goes on behind the caller's back. @throws what the first of them failed with */
export async function settleAll(all: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(all);
  await Promise.all(all);
}
