import { fromBinary } from '@bufbuild/protobuf';
import { realpath } from 'node:fs/promises';
import { makeFolder } from '../../disk/index.ts';
import { printable } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { createChannel, type Channel } from '../files/channel.ts';
import { kindOf } from '../files/file-mode.ts';
import { errorPacket, packet, packetType } from '../files/packet.ts';
import { PacketSchema, type Packet, type Stat } from '../proto/fsutil_pb.ts';
import type { RawCall } from '../session/attachable.ts';
import { entryOrder } from './entry-order.ts';
import { folderWriter } from './folder-writer.ts';

/** How many files are asked for, and written, at once. */
const WRITERS = 8;
/** How many packets of one file wait to be written; what is sent beyond that is not read. */
const WAITING = 16;

interface ListedFile {
  readonly id: number;
  readonly entry: Stat;
}

/**
 * Receives a folder from a builder into one that may have files already, which stay, unless others take their places.
 * All files belong to whoever runs this, whatever they belonged to in the build.
 * @param path of the folder; it is made if it is not there
 * @param call in which the builder sends it
 * @throws {RegistryError} `RESPONSE_INVALID`, for what no builder sends who means well: paths that lead out, names that
 * come twice, links to what is not there; `SIZE_INVALID`; `SETTINGS_INVALID`, where a folder is in the way; `UNSUPPORTED`,
 * for devices and pipes, which Node cannot make. The builder was told of it then.
 * @see https://github.com/tonistiigi/fsutil/blob/master/receive.go
 */
export async function receiveFolder(
  path: string,
  { messages, send, room }: Pick<RawCall, 'messages' | 'send' | 'room'>,
): Promise<void> {
  const listed = createChannel<ListedFile>(Infinity);
  const arriving = new Map<number, Channel<Uint8Array>>();
  const links: Stat[] = [];
  const check = entryOrder();
  await makeFolder(path);
  const writer = folderWriter(await realpath(path));
  let ids = 0;

  const list = async (entry: Stat): Promise<void> => {
    const problem = check(entry);
    if (problem !== undefined) throw refused(entry.path, problem);
    const id = ids;
    ids += 1;
    const kind = kindOf(entry.mode);
    if (kind === 'folder') await writer.addFolder(entry);
    else if (kind === 'symlink') await writer.addSymlink(entry);
    else if (kind === 'special') throw special(entry.path);
    // A link needs the file that it is to: it waits until all files are there.
    else if (entry.linkname !== '') links.push(entry);
    else await listed.put({ id, entry });
  };
  const accept = async ({ id, data }: Packet): Promise<void> => {
    const file = arriving.get(id);
    if (file === undefined) throw refused(`file ${id}`, 'its contents were not asked for');
    if (data.length > 0) return file.put(data);
    arriving.delete(id);
    file.end();
  };
  const receive = async (): Promise<void> => {
    for await (const message of messages) {
      const said = fromBinary(PacketSchema, message);
      if (said.type === packetType.error)
        throw new RegistryError('UNKNOWN', `the builder says: ${printable(textOf(said.data), 500)}`);
      if (said.type === packetType.end) return;
      if (said.type === packetType.contents) await accept(said);
      if (said.type !== packetType.stat) continue;
      if (said.stat === undefined) listed.end();
      else await list(said.stat);
    }
    throw new RegistryError('UNAVAILABLE', 'the builder hung up before all files were there');
  };
  const write = async (): Promise<void> => {
    for await (const { id, entry } of listed) {
      const contents = createChannel<Uint8Array>(WAITING);
      arriving.set(id, contents);
      await room();
      send(packet({ type: packetType.request, id }));
      await writer.addFile(entry, contents);
    }
  };
  const writers = Array.from({ length: WRITERS }, write);
  const writeAll = async (): Promise<void> => {
    await Promise.all(writers);
    for (const entry of links) await writer.addLink(entry);
    await writer.finish();
    send(packet({ type: packetType.end }));
  };

  const receiving = receive();
  try {
    // The builder says the last word. If anything fails it is not waited for: it may say nothing more.
    await Promise.race([receiving, Promise.all([receiving, writeAll()])]);
  } catch (error) {
    send(errorPacket(error));
    throw error;
  } finally {
    const left = { error: new RegistryError('UNAVAILABLE', 'the builder was not waited for') };
    listed.end(left);
    for (const contents of arriving.values()) contents.end(left);
    // What was begun is taken away.
    await Promise.allSettled(writers);
  }
}

function refused(path: string, problem: string): RegistryError {
  return new RegistryError(
    'RESPONSE_INVALID',
    `refused what the builder sends, ${printable(path, 200)}: ${printable(problem, 400)}`,
  );
}

function special(path: string): RegistryError {
  return new RegistryError(
    'UNSUPPORTED',
    `${printable(path, 200)} is a device or a pipe, which cannot be made here; write a tar instead, with type=tar`,
  );
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
