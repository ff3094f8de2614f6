/** Keeps what was read once: a wrapper over any registry, and stores in memory, on the disk and in Redis. */
export * from './cached.ts';
export * from './disk/index.ts';
export * from './event.ts';
export * from './memory.ts';
export * from './options.ts';
export * from './redis/index.ts';
export * from './store.ts';
