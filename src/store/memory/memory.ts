import type { Registry } from '../../registry/index.ts';
import { deleteOperations } from './delete.ts';
import { listOperations } from './list.ts';
import type { MemoryOptions } from './options.ts';
import { readOperations } from './read.ts';
import { createTagLists } from './shelf.ts';
import { uploadOperations } from './upload.ts';
import { writeOperations } from './write.ts';

/** A registry in memory: for tests, for what lives as long as a process, and as the plainest example of a store. */
export function memoryRegistry(options: MemoryOptions = {}): Registry {
  const shelves = createTagLists();
  return {
    ...readOperations(shelves),
    ...writeOperations(shelves, options),
    ...uploadOperations(shelves),
    ...deleteOperations(shelves),
    ...listOperations(shelves),
  };
}
