import { join } from 'node:path';
import { ENTRY_LIMIT, INDEX_LIMIT, LAYOUT_VERSION, type LayoutIndex } from '../../layout-index/index.ts';
import type { Descriptor } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import type { Disk } from './durable.ts';
import { PRIVATE } from './folder.ts';
import type { IndexReader, LayoutPlace } from './snapshot.ts';
import { randomName } from './temporary.ts';

/** Writes the `index.json` of a layout, for one who has the lock. */
export interface IndexWriter {
  /** Checks that there are not more entries than anybody reads. @throws {RegistryError} `DENIED`. */
  check(entries: readonly Descriptor[]): void;
  /**
   * Writes it, and waits until it is on the disk.
   * @param exists whether the layout is there; if not, it is made
   * @throws {RegistryError} `DENIED` when it would be larger than anybody reads.
   */
  write(changed: LayoutIndex, exists: boolean): Promise<void>;
}

/** Writes what follows on the version that a reader has read. */
export function createIndexWriter(
  { path, repository }: LayoutPlace,
  index: IndexReader,
  disk: Disk,
): IndexWriter {
  const tooLarge = (what: string): RegistryError =>
    new RegistryError('DENIED', `index.json of ${repository} would have ${what}`, {
      status: 403,
      repository,
    });
  return {
    check({ length }) {
      if (length > ENTRY_LIMIT) throw tooLarge(`${length} entries, more than ${ENTRY_LIMIT}`);
    },
    async write(changed, exists) {
      const text = index.format(changed);
      const { bytes } = text;
      if (bytes.length > INDEX_LIMIT) throw tooLarge(`${bytes.length} bytes, more than ${INDEX_LIMIT}`);
      const temporaries = join(path, PRIVATE, 'tmp');
      await disk.makeFolder(temporaries);
      if (!exists) {
        await disk.makeFolder(join(path, 'blobs'));
        await disk.replaceFile(join(path, 'oci-layout'), LAYOUT_VERSION, join(temporaries, randomName()));
      }
      await disk.replaceFile(join(path, 'index.json'), bytes, join(temporaries, randomName()));
      await index.written(text);
    },
  };
}
