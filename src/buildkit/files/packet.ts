import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { PacketSchema } from '../proto/fsutil_pb.ts';
import { bytesFieldHead, varint } from '../session/varint.ts';

/** What kind of message a packet is. */
export const packetType = { stat: 0, request: 1, contents: 2, end: 3, error: 4 } as const;

/** What stands before the two integers of a packet. */
const [TYPE, ID] = [0x08, 0x18];
/** The number of the field with its bytes. */
const BYTES = PacketSchema.field.data.number;

/** A packet as it is sent; see `fsutil.proto`. */
export function packet(fields: MessageInitShape<typeof PacketSchema>): Uint8Array {
  return toBinary(PacketSchema, create(PacketSchema, fields));
}

/** A packet that says why it goes no further. */
export function errorPacket(error: unknown): Uint8Array {
  const message = error instanceof Error ? error.message : String(error);
  return packet({ type: packetType.error, data: new TextEncoder().encode(message) });
}

/**
 * What goes before bytes of a file in the packet that they are sent in.
 * @param id the place of the file in the listing
 * @param length how many bytes there are; none says that the file ends
 */
export function contentsHead(id: number, length: number): Uint8Array {
  const about = [TYPE, packetType.contents, ...(id === 0 ? [] : [ID, ...varint(id)])];
  return Uint8Array.from(length === 0 ? about : [...about, ...bytesFieldHead(BYTES, length)]);
}
