import type { TokenEvent } from '../auth/index.ts';
import type { TransportEvent } from '../transport/index.ts';

/** The answer to a read broke off, and the rest is asked for. */
export interface ResumeEvent {
  readonly type: 'resume';
  /** Without secrets. */
  readonly url: string;
  /** From which byte on. 0 for what is asked for anew: manifests and lists. */
  readonly offset: number;
  /** What became of the connection. */
  readonly reason: string;
}

/** An upload broke off, and goes on where the registry says that it stands. */
export interface UploadResumeEvent {
  readonly type: 'upload-resume';
  /** The registry, as references name it. */
  readonly host: string;
  readonly repository: string;
  readonly digest: string;
  /** How many bytes the registry holds. */
  readonly offset: number;
}

/**
 * A registry has something to say to its users; each text is told once.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#warnings
 */
export interface WarningEvent {
  readonly type: 'warning';
  /** The registry, as references name it. */
  readonly host: string;
  readonly text: string;
}

/** What a client tells by itself. */
export type OwnEvent = ResumeEvent | UploadResumeEvent | WarningEvent;

/** What a client tells while it works. */
export type ClientEvent = TransportEvent | TokenEvent | OwnEvent;
