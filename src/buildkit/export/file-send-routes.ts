import { create, fromBinary, toBinary, type DescMethodBiDiStreaming } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { EmptySchema, type Empty } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from '@connectrpc/connect';
import { metadataOf } from '../files/metadata.ts';
import type { OutgoingPacket } from '../files/packet.ts';
import { BytesMessageSchema, FileSend } from '../proto/filesync_pb.ts';
import { PacketSchema, type Packet } from '../proto/fsutil_pb.ts';
import { serviceError } from '../session/service-error.ts';
import type { FileTarget } from './file-target.ts';
import { receiveFolder } from './receive-folder.ts';

/** Registers the service; see `fileSend`. */
export function fileSendRoutes(router: ConnectRouter, targets: ReadonlyMap<string, FileTarget>): void {
  router.rpc(diffCopy, async function* (messages, context) {
    const target = targets.get(exporterOf(context));
    if (target === undefined)
      throw new ConnectError(`exporter ${exporterOf(context)} not found`, Code.NotFound);
    try {
      if ('take' in target) return await target.take(bytesOf(messages));
      for await (const packet of receiveFolder(target.folder, packetsOf(messages))) yield wrap(packet);
    } catch (error) {
      throw serviceError(error);
    }
  });
}

/** Which of the exporters it is. Builders before 0.13 have one, and do not say. */
function exporterOf(context: HandlerContext): string {
  return metadataOf(context, 'buildkit-attachable-exporter-id')[0] ?? '0';
}

/**
 * The method with messages that are not looked into: one exporter sends pieces of a file, and another, by the same
 * method, packets. Which it is, is told by what was asked for. Fields that a message does not know are kept as they came.
 */
const diffCopy: DescMethodBiDiStreaming<typeof EmptySchema, typeof EmptySchema> = {
  ...FileSend.method.diffCopy,
  input: EmptySchema,
  output: EmptySchema,
};

/** Where such a message has its bytes. */
const DATA = BytesMessageSchema.field.data;

/** How many bytes are handed on at once: builders send a few thousand in a message, and each write has its price. */
const TOGETHER = 512 * 1024;

async function* bytesOf(messages: AsyncIterable<Empty>): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  for await (const { $unknown = [] } of messages) {
    for (const { no, wireType, data } of $unknown) {
      if (no !== DATA.number || wireType !== WireType.LengthDelimited) continue;
      const piece = new BinaryReader(data).bytes();
      pieces.push(piece);
      size += piece.length;
    }
    if (size < TOGETHER) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(pieces);
}

async function* packetsOf(messages: AsyncIterable<Empty>): AsyncGenerator<Packet> {
  for await (const message of messages) yield fromBinary(PacketSchema, toBinary(EmptySchema, message));
}

function wrap(packet: OutgoingPacket): Empty {
  return fromBinary(EmptySchema, toBinary(PacketSchema, create(PacketSchema, packet)));
}
