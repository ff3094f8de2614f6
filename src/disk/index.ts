/** What is kept on this machine between runs: where, and how it is written so that nobody else reads it. */
export * from './cache-folder.ts';
export * from './make-folder.ts';
export * from './private-file.ts';
