import type { RequestKind } from '../protocol/index.ts';

/** One request that was sent, with its answer. */
export interface RequestEvent {
  readonly type: 'request';
  readonly method: string;
  /** Without secrets. */
  readonly url: string;
  /** What it was for. */
  readonly kind: RequestKind;
  /** Undefined when there was no answer. */
  readonly status: number | undefined;
  /** From sending to the answer's headers, in milliseconds. */
  readonly duration: number;
}

/** A request is held back. Told when the wait begins. */
export interface WaitEvent {
  readonly type: 'wait';
  /** Scheme, host and port of the server. */
  readonly origin: string;
  /** `asked`: the server said so, by a 429 or `Retry-After`; `rate`: our own limit of requests in a time. */
  readonly reason: 'asked' | 'rate';
  /** How long, in milliseconds, as far as that is known. */
  readonly duration: number;
}

/** A request that failed is going to be sent again. */
export interface RetryEvent {
  readonly type: 'retry';
  readonly method: string;
  /** Without secrets. */
  readonly url: string;
  /** The status that was answered, or what became of the connection. */
  readonly reason: string;
  /** The number of the try that comes: 2 for the first repetition. */
  readonly attempt: number;
  /** Until then, in milliseconds. */
  readonly delay: number;
}

/** A server told how much of a limit is left, and it is not what it said last. */
export interface QuotaEvent {
  readonly type: 'quota';
  readonly origin: string;
  readonly limit: number | undefined;
  readonly remaining: number;
  /** The time that the limit is for, in seconds. */
  readonly window: number | undefined;
}

/** What happens between us and a server. */
export type TransportEvent = RequestEvent | WaitEvent | RetryEvent | QuotaEvent;

/** Is told what happens. What it throws is not caught: it must not throw. */
export type Listener<E> = (event: E) => void;
