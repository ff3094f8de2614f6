export * from './disk.ts';
export * from './folder.ts';
export * from './list.ts';
export * from './prune.ts';
export * from './verify.ts';
