import type { TokenFilesOptions, TokenStore } from './token-store.ts';

/**
 * Keeps tokens in a folder, which only its owner may read: a file for each account at a registry. Only what only its
 * owner may read is believed, and what cannot be read or written does not matter.
 * @param folder that is made when it is needed
 */
export function tokenFiles(folder: string, options: TokenFilesOptions = {}): TokenStore {
  let opening: Promise<TokenStore> | undefined;
  // Loaded when first needed: files are Node's.
  const open = (): Promise<TokenStore> =>
    (opening ??= import('./token-folder.ts').then(({ openTokenFolder }) => openTokenFolder(folder, options)));
  return {
    find: async (key) => (await open()).find(key),
    keep: async (key, token) => (await open()).keep(key, token),
    drop: async (key, token) => (await open()).drop(key, token),
    forget: async (host) => (await open()).forget(host),
  };
}
