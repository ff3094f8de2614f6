import type { Operation } from '../../registry/index.ts';
import type { MirrorOutcome } from './outcome.ts';

/** What became of a read at a mirror. */
export interface MirrorEvent {
  readonly type: 'mirror';
  /** The mirror's name. */
  readonly mirror: string;
  readonly operation: Operation['name'];
  readonly repository?: string;
  /** The tag or digest. */
  readonly reference?: string;
  readonly outcome: MirrorOutcome;
  /** Whether the next one is asked instead. */
  readonly passedOn: boolean;
  /** The message of the error, unless it was `served`. */
  readonly reason?: string;
}
