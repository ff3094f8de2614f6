import { open } from 'node:fs/promises';
import type { Incoming } from '../../../registry/index.ts';
import { onDisk } from '../failure.ts';
import { bytesOf, openRegular, piecesOf } from './bytes.ts';
import type { Room } from './room.ts';
import type { Staging } from './staging.ts';
import { stale } from './stale.ts';

/** A blob that is still coming in: a file of the staging folder. */
export interface IncomingFile extends Incoming {
  readonly path: string;
}

const ROOM: Room = { what: 'what is pushed, until it is committed,' };

/** Begins one. @param file the archive, for errors */
export async function createIncomingFile(staging: Staging, file: string): Promise<IncomingFile> {
  const path = await onDisk(file, async () => {
    const fresh = await staging.newFile();
    await (await open(fresh, 'wx')).close();
    return fresh;
  });
  let size = 0;
  return {
    path,
    get size() {
      return size;
    },
    async append(stream) {
      const handle = await onDisk(file, () => open(path, 'a'));
      try {
        // What the stream fails with is not the disk's.
        for await (const piece of stream) await onDisk(file, () => handle.writeFile(piece), ROOM);
      } finally {
        size = (await handle.stat()).size;
        await handle.close();
      }
    },
    truncate: (length) =>
      onDisk(file, async () => {
        const handle = await open(path, 'r+');
        try {
          await handle.truncate(length);
          size = length;
        } finally {
          await handle.close();
        }
      }),
    async *read() {
      const handle = await onDisk(file, () => openRegular(path));
      if (handle === undefined) throw stale(file);
      try {
        yield* piecesOf(bytesOf(handle, size), 0, size);
      } finally {
        await handle.close();
      }
    },
    remove: () => onDisk(file, () => staging.remove(path)),
  };
}
