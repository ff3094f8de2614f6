/** What is kept on this machine between runs: where, and how it is written so that nobody else reads it. */
export * from './bounded-file.ts';
export * from './cache-folder.ts';
export * from './file-name.ts';
export * from './lock.ts';
export * from './make-folder.ts';
export * from './missing.ts';
export * from './private-file.ts';
export * from './remove-older.ts';
export { replaceFile, type FileContents, type ReplaceFileOptions } from './replace-file.ts';
export * from './system-error.ts';
