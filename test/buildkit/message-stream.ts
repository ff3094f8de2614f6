import { Duplex } from 'node:stream';

/** What fits into one message of the stream: builders refuse more than 4 MiB, or 16. */
const LARGEST = 1024 * 1024;

/** The two directions of a bidirectional call of gRPC: what is sent, and with it what comes. */
type BytesCall = (
  sent: AsyncIterable<{ readonly data: Uint8Array }>,
) => AsyncIterable<{ readonly data: Uint8Array }>;

/**
 * The builder's end of a connection inside a call, by the messages that the library for them makes: each side's messages are pieces of what it writes. Writing waits for the call, and the
 * call for whoever reads; to end one direction leaves the other open.
 */
export function messageStream(call: BytesCall): Duplex {
  let waiting: { readonly data: Uint8Array; readonly taken: () => void } | undefined;
  let ended = false;
  let wake: () => void = () => undefined;
  const room: { resume: () => void } = { resume: () => undefined };

  const sent = async function* (): AsyncGenerator<{ readonly data: Uint8Array }> {
    for (;;) {
      const next = waiting;
      waiting = undefined;
      if (next === undefined && ended) return;
      if (next === undefined) {
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      const { data, taken } = next;
      for (let at = 0; at < data.length; at += LARGEST) yield { data: data.subarray(at, at + LARGEST) };
      // Asked for the next one: this one is on its way.
      taken();
    }
  };
  const write = (data: Uint8Array, taken: () => void): void => {
    waiting = { data, taken };
    wake();
  };
  const stream = new Duplex({
    allowHalfOpen: true,
    read: () => room.resume(),
    write: (chunk: Buffer, _encoding, taken) => write(chunk, taken),
    writev: (chunks, taken) => write(Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer)), taken),
    final: (done) => {
      ended = true;
      wake();
      done();
    },
    destroy: (error, done) => {
      ended = true;
      wake();
      room.resume();
      done(error);
    },
  });
  const receive = async (): Promise<void> => {
    for await (const { data } of call(sent())) {
      if (stream.destroyed) return;
      if (data.length > 0 && !stream.push(data))
        await new Promise<void>((resolve) => (room.resume = resolve));
    }
    stream.push(null);
  };
  receive().catch((error: unknown) => stream.destroy(error as Error));
  return stream;
}
