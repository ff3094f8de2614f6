import type { CacheEvent } from './event.ts';

/** Settings of a cache. None is changed by it. */
export interface CacheOptions {
  /** The largest blob or manifest whose bytes are kept, in bytes: 4 MiB unless told. */
  readonly contentLimit?: number;
  /**
   * How long a tag is believed without asking, in milliseconds. Unless told it never is: each read of a tag asks the
   * registry by HEAD, which registries do not count as a pull.
   */
  readonly tagLifetime?: number;
  /**
   * How long to remember that something is not there, in milliseconds; never, unless told. Only 404s are remembered,
   * in this process alone: "not for you" and "not now" are no answers about what is there.
   */
  readonly negativeLifetime?: number;
  /**
   * What tells this registry from others in the same store: its host, and the account where several share the store.
   * Nothing that is known in one namespace is given out in another.
   */
  readonly namespace?: string;
  /** Is told of every read, and of every failure of the store. */
  readonly onEvent?: (event: CacheEvent) => void;
  /** The time in milliseconds since 1970, for tests. All who share a store should agree on it, roughly. */
  readonly now?: () => number;
}
