import type { Operation } from '../../registry/index.ts';

/** What the cache had to do with an operation. */
export interface CacheEvent {
  readonly type: 'cache';
  /**
   * - `hit`: answered without the registry.
   * - `revalidated`: the registry was asked what a tag points at, and what it points at was here.
   * - `miss`: the registry was asked.
   * - `corrupt`: what was kept was not what it should be, and was removed. The operation goes on as if it had not been there.
   * - `error`: the store failed. The operation goes on without it.
   */
  readonly outcome: 'hit' | 'revalidated' | 'miss' | 'corrupt' | 'error';
  /** Which registry, as the cache was told; empty where it was not. */
  readonly namespace: string;
  readonly operation: Operation['name'];
  readonly repository: string;
  /** The tag or digest; empty where the operation has none. */
  readonly reference: string;
  /** What went wrong, where something did. Without secrets. */
  readonly reason?: string;
}
