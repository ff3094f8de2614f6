import type { Registry } from '../../registry/index.ts';
import type { MirrorEvent } from './event.ts';
import type { Fallback } from './outcome.ts';

/** A registry that has copies of another's content. */
export interface Mirror {
  /** For events. */
  readonly name: string;
  /** With credentials of its own, or none: those of the registry that it mirrors are not for it. */
  readonly registry: Registry;
  /** After which of its failures the next one is asked. */
  readonly fallback: Fallback;
  /** Where it keeps them: `hub` for `hub/library/alpine`. Under their own names, unless told. */
  readonly repositoryPrefix?: string;
}

/** Settings of a mirrored registry. */
export interface MirroredOptions {
  /** Is told what became of each read at each mirror. It must not throw. */
  readonly onEvent?: (event: MirrorEvent) => void;
  /** The time in milliseconds, of a clock that does not jump; `performance.now` unless told. */
  readonly now?: () => number;
}
