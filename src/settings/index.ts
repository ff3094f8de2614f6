/** What is set for each registry: where it is, its mirrors, certificates and pace; from a file and the environment. */
export type { Manners, MirrorEntry, RegistryEntry, SettingsFile, TlsFiles } from './file.ts';
export { loadSettings, type LoadSettingsOptions } from './load.ts';
export type { Manner, MirrorSettings, RegistrySettings, Settings } from './settings.ts';
