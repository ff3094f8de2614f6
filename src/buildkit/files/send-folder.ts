import { fromBinary } from '@bufbuild/protobuf';
import { printable } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { PacketSchema } from '../proto/fsutil_pb.ts';
import type { RawCall } from '../session/attachable.ts';
import { createChannel } from './channel.ts';
import type { FileFilter } from './file-filter.ts';
import { kindOf } from './file-mode.ts';
import type { FileIdentity } from './file-stat.ts';
import { contentsHead, errorPacket, packet, packetType } from './packet.ts';
import { readFileIn } from './read-file.ts';
import { walkFolder } from './walk.ts';

/** How many files are read at once. Of small ones, so many that those who read them for Node never wait for the next. */
const READERS = 32;

/** A file whose contents may be asked for. */
interface Offered extends FileIdentity {
  readonly path: string;
  readonly empty: boolean;
}

/**
 * Sends a folder as builders want it: tells of each file, and sends the contents of those that are asked for, whichever
 * comes first. Sending waits for whoever receives, so that little is in memory but the names of files.
 * @param folder its real path
 * @param call in which the builder says what it wants
 * @throws {RegistryError} what the walk, or a file, fails with; the builder was told of it then.
 * @see https://github.com/tonistiigi/fsutil/blob/master/receive.go
 */
export async function sendFolder(
  folder: string,
  filter: FileFilter,
  { messages, send, room }: Pick<RawCall, 'messages' | 'send' | 'room'>,
): Promise<void> {
  const wanted = createChannel<{ readonly id: number; readonly file: Offered }>(2 * READERS);
  const offered = new Map<number, Offered>();
  const stop = new AbortController();

  const say = async (...parts: readonly Uint8Array[]): Promise<void> => {
    await room();
    stop.signal.throwIfAborted();
    send(...parts);
  };
  const list = async (): Promise<void> => {
    let id = 0;
    for await (const { stat, socket, dev, ino } of walkFolder(folder, filter, stop.signal)) {
      if (kindOf(stat.mode) === 'regular') offered.set(id, { path: stat.path, empty: socket, dev, ino });
      id += 1;
      await say(packet({ type: packetType.stat, stat }));
    }
    // One without a file says that these are all.
    await say(packet({ type: packetType.stat }));
  };
  const read = async (): Promise<void> => {
    for await (const { id, file } of wanted) {
      if (!file.empty)
        for await (const bytes of readFileIn(folder, file)) await say(contentsHead(id, bytes.length), bytes);
      await say(contentsHead(id, 0));
    }
  };
  const listen = async (): Promise<void> => {
    for await (const message of messages) {
      const { type, id, data } = fromBinary(PacketSchema, message);
      if (type === packetType.error)
        throw new RegistryError('UNKNOWN', `the builder says: ${printable(textOf(data), 500)}`);
      if (type === packetType.end) return;
      if (type !== packetType.request) continue;
      const file = offered.get(id);
      if (file === undefined)
        throw new RegistryError('UNKNOWN', `the builder asks for file ${id}, which it was not told of`);
      offered.delete(id);
      await wanted.put({ id, file });
    }
    throw new RegistryError('UNAVAILABLE', 'the builder hung up while files were sent');
  };

  const tasks = [list(), ...Array.from({ length: READERS }, read)];
  const listening = listen();
  try {
    // The builder says when it has all it wants. If anything fails it is not waited for: it may say nothing more.
    await Promise.race([listening, Promise.all([listening, ...tasks])]);
    send(packet({ type: packetType.end }));
  } catch (error) {
    send(errorPacket(error));
    throw error;
  } finally {
    stop.abort();
    wanted.end();
    await Promise.allSettled(tasks);
  }
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
