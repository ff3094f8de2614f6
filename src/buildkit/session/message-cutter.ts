import { Code, ConnectError } from '@connectrpc/connect';
import { PREFIX } from './message-prefix.ts';

/** Takes messages out of a stream of bytes, piece by piece. */
export interface MessageCutter {
  /**
   * The messages that end in a piece. One that is whole in it is a part of it; only one that is cut is put together.
   * @throws {ConnectError} for a message that is too long, or compressed
   */
  cut(piece: Buffer): Iterable<Buffer>;
  /** Says that there are no more pieces. @throws {ConnectError} if a message was begun */
  end(): void;
}

/**
 * @param largest how long a message may be, in bytes
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export function messageCutter(largest: number): MessageCutter {
  // The beginning of a message, of which more has to come.
  let held: Buffer[] = [];
  let length = 0;
  // How much has to be held before there is anything to cut: a prefix, or with it the message.
  let wanted = PREFIX;
  return {
    *cut(piece) {
      held.push(piece);
      length += piece.length;
      if (length < wanted) return;
      let rest = held.length === 1 ? piece : Buffer.concat(held);
      while (rest.length >= wanted) {
        wanted = PREFIX;
        const whole = PREFIX + lengthOf(rest, largest);
        if (rest.length < whole) {
          wanted = whole;
          break;
        }
        yield rest.subarray(PREFIX, whole);
        rest = rest.subarray(whole);
      }
      held = rest.length === 0 ? [] : [rest];
      length = rest.length;
    },
    end() {
      if (length > 0) throw new ConnectError('a message was broken off', Code.InvalidArgument);
    },
  };
}

function lengthOf(message: Buffer, largest: number): number {
  if (message[0] !== 0) throw new ConnectError('a message is compressed', Code.Unimplemented);
  const length = message.readUInt32BE(1);
  if (length > largest)
    throw new ConnectError(`a message has ${length} bytes, and may have ${largest}`, Code.ResourceExhausted);
  return length;
}
