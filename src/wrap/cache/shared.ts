import type { Operation } from '../../registry/index.ts';
import type { CacheOptions } from './options.ts';
import type { CacheStore } from './store.ts';
import { createVisit, type Visit } from './visit.ts';

/** What the operations of one cache have in common. */
export interface Shared {
  readonly store: CacheStore;
  readonly namespace: string;
  /** In bytes. */
  readonly contentLimit: number;
  /** In milliseconds. */
  readonly tagLifetime: number;
  readonly now: () => number;
  visit(operation: Operation['name'], repository: string, reference: string): Visit;
  /** A number that grows with each write: reads that begin after one do not join those that began before. */
  readonly turn: number;
  /** Performs a write. Whether it succeeded or not, the registry may be another afterwards. */
  writing<T>(write: () => Promise<T>): Promise<T>;
}

export function createShared(store: CacheStore, options: CacheOptions): Shared {
  const {
    contentLimit = 4 * 1024 * 1024,
    tagLifetime = 0,
    namespace = '',
    onEvent = () => {},
    now = Date.now,
  } = options;
  let turn = 0;
  return {
    store,
    namespace,
    contentLimit,
    tagLifetime,
    now,
    visit: (operation, repository, reference) =>
      createVisit(store, { namespace, repository, operation, reference }, contentLimit, onEvent),
    get turn() {
      return turn;
    },
    async writing(write) {
      try {
        return await write();
      } finally {
        turn++;
      }
    },
  };
}
