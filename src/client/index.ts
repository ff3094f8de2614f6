/** A registry at the other end of HTTP. */
export type { Authorization, AuthorizeOptions, Want } from './authorize.ts';
export { registryClient, type RegistryClient } from './client.ts';
export type { ClientEvent, ResumeEvent, UploadResumeEvent, WarningEvent } from './event.ts';
export type { ClientOptions } from './options.ts';
export { mostChunks } from './push-chunk.ts';
export * from './upload-files.ts';
export type { UploadKey, UploadLog, UploadPage } from './upload-log.ts';
