/** A registry in memory. */
export { memoryRegistry, type MemoryOptions } from './memory.ts';
