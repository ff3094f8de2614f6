import { connect, type Socket } from 'node:net';

/** A connection on which anything can be written, and which tells what came. */
export interface Wire {
  readonly socket: Socket;
  /** Writes text as it stands, in which a line ends with CR LF. */
  write(...pieces: readonly (string | Uint8Array)[]): void;
  /** All that came until now. */
  readonly text: string;
  /** The status of each answer that came. */
  readonly statuses: readonly number[];
  /** Whether the server closed it. */
  readonly closed: boolean;
}

/** Connects to a server on a loopback address. */
export function wire(url: string): Wire {
  const { hostname, port } = new URL(url);
  const pieces: Buffer[] = [];
  let closed = false;
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('data', (piece) => pieces.push(piece));
  socket.on('error', () => {});
  socket.on('close', () => (closed = true));
  const text = (): string => Buffer.concat(pieces).toString('latin1');
  return {
    socket,
    write: (...all) => all.forEach((piece) => socket.write(piece)),
    get text() {
      return text();
    },
    get statuses() {
      return [...text().matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
    },
    get closed() {
      return closed;
    },
  };
}

/** A request's head. */
export function head(line: string, ...fields: readonly string[]): string {
  return [`${line} HTTP/1.1`, 'Host: 127.0.0.1', ...fields, '', ''].join('\r\n');
}
