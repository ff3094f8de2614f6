/** A registry in memory. */
export { memoryRegistry } from './memory.ts';
export type { MemoryOptions } from './options.ts';
