import type { FileStat } from './file-stat.ts';

/** What kind of message a packet is. */
export const packetType = { stat: 0, request: 1, contents: 2, end: 3, error: 4 } as const;

/** A packet as it is sent; see `fsutil.proto`. */
export interface OutgoingPacket {
  readonly type: number;
  readonly stat?: FileStat;
  readonly id?: number;
  readonly data?: Uint8Array;
}

/** A packet that says why it goes no further. */
export function errorPacket(error: unknown): OutgoingPacket {
  const message = error instanceof Error ? error.message : String(error);
  return { type: packetType.error, data: new TextEncoder().encode(message) };
}
