/**
 * A connection on which anything can be written, for what no HTTP client sends.
 */
import { connect } from 'node:net';
import type { Target } from './case.ts';

/** What came back until the server closed, or was silent for a while. */
export interface Reply {
  /** The lines that were sent, for messages. */
  readonly sent: string;
  /** The status of each answer. */
  readonly statuses: readonly number[];
  readonly text: string;
}

const PATIENCE = 1_000;

/** Writes lines (each ended with CR LF) as they are, and reads what comes. */
export async function raw({ url }: Target, ...lines: readonly string[]): Promise<Reply> {
  const { hostname, port } = new URL(url);
  const pieces: Buffer[] = [];
  await new Promise<void>((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || 80 });
    socket.setTimeout(PATIENCE, () => socket.destroy());
    socket.on('data', (piece) => pieces.push(piece));
    // A server may well cut off who speaks like this.
    socket.on('error', () => {});
    socket.on('close', () => resolve());
    socket.write(lines.map((line) => `${line}\r\n`).join(''), 'latin1');
  });
  const text = Buffer.concat(pieces).toString('latin1');
  const sent = lines
    .map((line) => JSON.stringify(line).slice(1, -1))
    .join(' | ')
    .slice(0, 400);
  return {
    sent,
    text,
    statuses: [...text.matchAll(/^HTTP\/1\.[01] (\d{3})\b/gm)].map(([, code]) => Number(code)),
  };
}
