import { printable } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import type { Packet } from '../proto/fsutil_pb.ts';
import { createChannel } from './channel.ts';
import type { FileFilter } from './file-filter.ts';
import { kindOf } from './file-mode.ts';
import type { FileIdentity } from './file-stat.ts';
import { errorPacket, packetType, type OutgoingPacket } from './packet.ts';
import { readFileIn } from './read-file.ts';
import { walkFolder } from './walk.ts';

/** How many files are read at once. */
const READERS = 8;
/** How many packets, of 256 KiB at the most, wait to be sent. */
const WAITING = 16;

/** A file whose contents may be asked for. */
interface Offered extends FileIdentity {
  readonly path: string;
  readonly empty: boolean;
}

/**
 * Sends a folder as builders want it: tells of each file, and sends the contents of those that are asked for, whichever
 * comes first. Sending waits for whoever receives, so that little is in memory but the names of files.
 * @param folder its real path
 * @param incoming what the builder says
 * @throws {RegistryError} what the walk, or a file, fails with; the builder was told of it then.
 * @see https://github.com/tonistiigi/fsutil/blob/master/receive.go
 */
export async function* sendFolder(
  folder: string,
  filter: FileFilter,
  incoming: AsyncIterable<Packet>,
): AsyncGenerator<OutgoingPacket> {
  const outgoing = createChannel<OutgoingPacket>(WAITING);
  const wanted = createChannel<{ readonly id: number; readonly file: Offered }>(2 * READERS);
  const offered = new Map<number, Offered>();
  const stop = new AbortController();
  const messages = incoming[Symbol.asyncIterator]();

  const list = async (): Promise<void> => {
    let id = 0;
    for await (const { stat, socket, dev, ino } of walkFolder(folder, filter, stop.signal)) {
      if (kindOf(stat.mode) === 'regular') offered.set(id, { path: stat.path, empty: socket, dev, ino });
      id += 1;
      await outgoing.put({ type: packetType.stat, stat });
    }
    // One without a file says that these are all.
    await outgoing.put({ type: packetType.stat });
  };
  const read = async (): Promise<void> => {
    for await (const { id, file } of wanted) {
      if (!file.empty)
        for await (const data of readFileIn(folder, file)) {
          stop.signal.throwIfAborted();
          await outgoing.put({ type: packetType.contents, id, data });
        }
      await outgoing.put({ type: packetType.contents, id });
    }
  };
  const listen = async (): Promise<void> => {
    for (;;) {
      const { done, value: packet } = await messages.next();
      if (done === true) throw new RegistryError('UNAVAILABLE', 'the builder hung up while files were sent');
      if (packet.type === packetType.error)
        throw new RegistryError('UNKNOWN', `the builder says: ${printable(textOf(packet.data), 500)}`);
      if (packet.type === packetType.end) {
        await outgoing.put({ type: packetType.end });
        outgoing.end();
        return;
      }
      if (packet.type !== packetType.request) continue;
      const file = offered.get(packet.id);
      if (file === undefined)
        throw new RegistryError(
          'UNKNOWN',
          `the builder asks for file ${packet.id}, which it was not told of`,
        );
      offered.delete(packet.id);
      await wanted.put({ id: packet.id, file });
    }
  };

  const fail = (error: unknown): void => {
    outgoing.end({ error });
    // Whoever takes it may have left without a word: no file stays open for them.
    stop.abort();
    wanted.end();
  };
  const tasks = [list(), ...Array.from({ length: READERS }, read)].map((task) => task.catch(fail));
  // It is not waited for: it may wait for a builder that says nothing more.
  void listen().catch(fail);
  try {
    yield* outgoing;
  } catch (error) {
    yield errorPacket(error);
    throw error;
  } finally {
    stop.abort();
    outgoing.end();
    wanted.end();
    await Promise.all(tasks);
    void messages.return?.().catch(() => undefined);
  }
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
