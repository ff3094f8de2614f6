import type { Registry } from '../../registry/index.ts';
import { deleteOperations } from './delete.ts';
import { listOperations } from './list.ts';
import { readOperations } from './read.ts';
import { createShelves } from './shelf.ts';
import { uploadOperations } from './upload.ts';
import { writeOperations } from './write.ts';

/** Settings of a memory registry. */
export interface MemoryOptions {
  /** Take manifests whose children are not there: for caches, and for indexes that are sparse on purpose. */
  readonly sparse?: boolean;
}

/** A registry in memory: for tests, for what lives as long as a process, and as the plainest example of a store. */
export function memoryRegistry(options: MemoryOptions = {}): Registry {
  const shelves = createShelves();
  return {
    ...readOperations(shelves),
    ...writeOperations(shelves, options),
    ...uploadOperations(shelves),
    ...deleteOperations(shelves),
    ...listOperations(shelves),
  };
}
