import type { StatusUpdate } from './status.ts';

/** Shows how a build goes on. */
export interface Display {
  /** Takes what the daemon told; what is new is shown at once, or with the next refresh. */
  update(update: StatusUpdate): void;
  /** Shows what has not been shown. To be called every now and then: `REFRESH`. */
  refresh(): void;
  /** Takes away what is drawn over, to make room for a line of somebody else; `refresh` brings it back. */
  clear?(): void;
  /** Shows what is left, and, of steps that failed, the last that they printed. */
  end(): void;
}

/** How often a display wants to be refreshed while nothing is told, in milliseconds. */
export const REFRESH = 150;

/** How often it is drawn at the most while much is told, in milliseconds: nobody reads faster. */
export const FASTEST = 100;

/** What a display writes to, and when it is. */
export interface DisplayOptions {
  readonly write: (text: string) => void;
  /** In milliseconds since 1970. */
  readonly now?: () => number;
}
