import type { ConnectRouter } from '@connectrpc/connect';

/**
 * A service that the builder may call while a session lasts: registers its methods with the router it is given. May
 * load what it needs first.
 * @param ended aborted when the session has ended: what is kept open for it is to be let go of then
 * @param raw takes methods that write their answers by themselves, in place of those that the router has
 */
export type Attachable = (router: ConnectRouter, ended: AbortSignal, raw: RawMethods) => void | Promise<void>;

/** Methods by their paths: `/package.Service/Method`. */
export type RawMethods = Map<string, RawMethod>;

/**
 * A method that is asked once, and answers with a stream of large messages. A library for messages would copy all that
 * is in them, several times.
 * @returns messages, each in as many parts as it takes
 * @throws {ConnectError} what the builder is to be told; anything else is an error without a code to it
 */
export type RawMethod = (call: RawCall) => AsyncIterable<readonly Uint8Array[]>;

export interface RawCall {
  /** What is asked, without what gRPC puts before it. */
  readonly message: Uint8Array;
  /** A header of the call, if it has it. */
  readonly header: (name: string) => string | undefined;
  /** Aborted when the call is given up. */
  readonly signal: AbortSignal;
}
