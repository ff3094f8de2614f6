import { fromBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import { BytesMessageSchema, FileSend } from '../proto/filesync_pb.ts';
import type { RawCall, RawMethods } from '../session/attachable.ts';
import { serviceError } from '../session/service-error.ts';
import type { FileTarget } from './file-target.ts';
import { receiveFolder } from './receive-folder.ts';

/**
 * Registers the service; see `fileSend`. By its one method, one exporter sends pieces of a file, and another packets.
 * Which it is, is told by what was asked for.
 */
export function fileSendRoutes(
  router: ConnectRouter,
  raw: RawMethods,
  targets: ReadonlyMap<string, FileTarget>,
): void {
  router.service(FileSend, {});
  raw.set(`/${FileSend.typeName}/${FileSend.method.diffCopy.name}`, async (call) => {
    const exporter = exporterOf(call);
    const target = targets.get(exporter);
    if (target === undefined) throw new ConnectError(`exporter ${exporter} not found`, Code.NotFound);
    try {
      if ('take' in target) await target.take(bytesOf(call.messages));
      else await receiveFolder(target.folder, call);
    } catch (error) {
      throw serviceError(error);
    }
  });
}

/** Which of the exporters it is. Builders before 0.13 have one, and do not say. */
function exporterOf({ metadata }: RawCall): string {
  return metadata('buildkit-attachable-exporter-id')[0] ?? '0';
}

/** How many bytes are handed on at once: builders send a few thousand in a message, and each write has its price. */
const TOGETHER = 512 * 1024;

async function* bytesOf(messages: RawCall['messages']): AsyncGenerator<Uint8Array> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  for await (const message of messages) {
    const { data } = fromBinary(BytesMessageSchema, message);
    pieces.push(data);
    size += data.length;
    if (size < TOGETHER) continue;
    yield Buffer.concat(pieces);
    pieces = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(pieces);
}
