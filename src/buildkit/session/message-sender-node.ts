import { Code, ConnectError } from '@connectrpc/connect';
import type { Writable } from 'node:stream';
import type { RawCall } from './attachable.ts';
import { PREFIX } from './message-prefix.ts';

/** Small messages are put together up to this many bytes: each write has its price, whatever its size. */
const BLOCK = 64 * 1024;

/** A part that is no shorter goes by itself, as it is. */
const LARGE = 16 * 1024;

/** How many bytes may wait until the builder takes them. */
const WAITING = 256 * 1024;

/** Sends the messages of an answer. */
export interface MessageSender extends Pick<RawCall, 'send' | 'room'> {
  /** Writes what was put together so far. */
  flush(): void;
}

/**
 * @param over aborted when nobody is left to take them
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export function messageSender(stream: Writable, over: AbortSignal): MessageSender {
  // What is put together goes from `from` to `to`; before it is what was written.
  let block = Buffer.alloc(0);
  let [from, to] = [0, 0];
  let waiters: (() => void)[] = [];
  let isPlanned = false;

  const wake = (): void => {
    const woken = waiters;
    waiters = [];
    for (const resolve of woken) resolve();
  };
  over.addEventListener('abort', wake, { once: true });
  const flush = (): void => {
    if (from === to) return;
    stream.write(block.subarray(from, to), wake);
    from = to;
  };
  const flushSoon = (): void => {
    if (isPlanned) return;
    isPlanned = true;
    setImmediate(() => {
      isPlanned = false;
      if (!over.aborted) flush();
    });
  };
  /** Makes room for some more bytes beside those that are put together. */
  const need = (length: number): void => {
    if (to + length <= block.length) return;
    flush();
    block = Buffer.allocUnsafeSlow(BLOCK);
    [from, to] = [0, 0];
  };
  return {
    flush,
    send(...parts) {
      if (over.aborted) return;
      need(PREFIX);
      block[to] = 0;
      block.writeUInt32BE(
        parts.reduce((sum, { length }) => sum + length, 0),
        to + 1,
      );
      to += PREFIX;
      // What one message has goes in one piece: a large part is not written before what follows it is known.
      stream.cork();
      for (const part of parts) {
        if (part.length >= LARGE) {
          flush();
          stream.write(part, wake);
          continue;
        }
        need(part.length);
        block.set(part, to);
        to += part.length;
      }
      stream.uncork();
      flushSoon();
    },
    async room() {
      // Not the stream's own mark, which is at 16 KiB in some versions of Node and at 64 in others.
      while (!over.aborted && stream.writableLength + to - from >= WAITING)
        await new Promise<void>((resolve) => waiters.push(resolve));
      if (over.aborted) throw new ConnectError('the call was given up', Code.Canceled);
    },
  };
}
