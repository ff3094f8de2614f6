/** A registry at the other end of HTTP. */
export { registryClient, type RegistryClient } from './client.ts';
export type { ClientEvent, ResumeEvent, UploadResumeEvent, WarningEvent } from './event.ts';
export type { ClientOptions } from './options.ts';
