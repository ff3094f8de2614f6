import type { Http2Server, ServerHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';

/** Of HTTP/2: https://www.rfc-editor.org/rfc/rfc9113#section-4.1 */
const PREFACE = 24;
const FRAME_HEADER = 9;
const RST_STREAM = 3;
const CANCEL = 8;

/**
 * Takes the frames that reset a stream out of what a builder sends, and closes those streams instead.
 *
 * A builder reads content by many small calls and resets each one once it has its bytes. More than a thousand resets
 * at 33 a second are an attack to Node's HTTP/2 (CVE-2023-44487), which ends the connection then, and with it the build
 * that copies a large layer. Node 20 has no setting for it. What the builder may do to us here is what it was asked to.
 * @param connection on which the builder is the client
 * @param server that will serve it
 * @returns the connection, to be given to the server
 */
export function withoutResets(connection: Duplex, server: Http2Server): Duplex {
  const open = new Map<number, ServerHttp2Stream>();
  // Reset before the server told of it: both may come in one piece.
  const early = new Set<number>();
  let latest = 0;
  server.on('stream', (stream) => {
    const { id } = stream;
    if (id === undefined) return;
    latest = Math.max(latest, id);
    if (early.delete(id)) return stream.close(CANCEL);
    open.set(id, stream);
    stream.once('close', () => open.delete(id));
  });
  const frames = frameFilter((id) => {
    if (id > latest) early.add(id);
    else open.get(id)?.close(CANCEL);
  });

  let resume: () => void = () => undefined;
  const filtered = new Duplex({
    allowHalfOpen: true,
    read: () => resume(),
    write: (chunk: Buffer, _encoding, done) => void connection.write(chunk, done),
    // Not put together: a copy of all that is sent would be made, and dropped.
    writev: (chunks, done) => {
      connection.cork();
      for (const [at, { chunk }] of chunks.entries())
        connection.write(chunk as Buffer, at === chunks.length - 1 ? done : undefined);
      connection.uncork();
    },
    final: (done) => void connection.end(done),
    destroy: (error, done) => {
      // What the other end still says is drained, so that it is heard when it ends as well.
      if (error === null) connection.end().resume();
      else connection.destroy(error);
      done(error);
    },
  });
  resume = () => void connection.resume();
  connection.on('data', (chunk: Buffer) => {
    for (const part of frames(chunk)) if (!filtered.push(part)) connection.pause();
  });
  connection.once('end', () => filtered.push(null));
  connection.once('error', (error: Error) => filtered.destroy(error));
  connection.once('close', () => filtered.destroy());
  return filtered;
}

/** Follows the frames in a stream of bytes, and leaves out those that reset a stream. */
function frameFilter(onReset: (id: number) => void): (chunk: Buffer) => Buffer[] {
  // How many bytes pass before the next frame begins.
  let passing = PREFACE;
  // The beginning of a frame, of which more has to come.
  let held: Buffer = Buffer.alloc(0);
  return (chunk) => {
    let rest = held.length > 0 ? Buffer.concat([held, chunk]) : chunk;
    held = Buffer.alloc(0);
    const parts: Buffer[] = [];
    let passed = 0;
    const pass = (): void => {
      if (passed > 0) parts.push(rest.subarray(0, passed));
      rest = rest.subarray(passed);
      passed = 0;
    };
    for (;;) {
      const step = Math.min(passing, rest.length - passed);
      passed += step;
      passing -= step;
      if (passing > 0) break;
      const frame = rest.subarray(passed);
      const whole = frame.length >= FRAME_HEADER ? FRAME_HEADER + frame.readUIntBE(0, 3) : undefined;
      if (whole === undefined || (frame[3] === RST_STREAM && frame.length < whole)) {
        pass();
        held = Buffer.from(rest);
        return parts;
      }
      if (frame[3] !== RST_STREAM) {
        passing = whole;
        continue;
      }
      pass();
      onReset(rest.readUInt32BE(5) & 0x7fffffff);
      rest = rest.subarray(whole);
    }
    pass();
    return parts;
  };
}
