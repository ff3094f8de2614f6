import type { ConnectRouter } from '@connectrpc/connect';

/**
 * A service that the builder may call while a session lasts: registers its methods with the router it is given. May
 * load what it needs first.
 * @param ended aborted when the session has ended: what is kept open for it is to be let go of then
 * @param raw takes methods that read and write messages by themselves, in place of those that the router has
 */
export type Attachable = (router: ConnectRouter, ended: AbortSignal, raw: RawMethods) => void | Promise<void>;

/** Methods by their paths: `/package.Service/Method`. */
export type RawMethods = Map<string, RawMethod>;

/**
 * A method through which many messages go, or large ones, in either direction. A library for messages would copy all that
 * is in them, several times. The answer ends when it returns, whether the builder has said all that it has to say or not.
 * @throws {ConnectError} what the builder is to be told; anything else is an error without a code to it
 */
export type RawMethod = (call: RawCall) => Promise<void>;

export interface RawCall {
  /**
   * What the builder says, message by message, without what gRPC puts before each. To be read once, by one reader; what is
   * not read stays with the builder.
   * @throws {ConnectError} for a message that is too long, compressed, or broken off
   */
  readonly messages: AsyncIterable<Uint8Array>;
  /**
   * Sends a message, in as many parts as it takes. Does not wait: whoever has more to send than a few bytes waits for
   * `room` first. Before a message, not after it: what ends the answer is to go with the last of it. A builder that has
   * all it asked for, and not the end of the call, resets it.
   * @param parts not to be changed any more
   */
  send(...parts: readonly Uint8Array[]): void;
  /** Waits until there is room for more. @throws {ConnectError} `Canceled`, once the call is given up. */
  room(): Promise<void>;
  /** The values of a header of the call, each for itself. */
  metadata(name: string): readonly string[];
  /** Aborted when the call is given up. */
  readonly signal: AbortSignal;
}
