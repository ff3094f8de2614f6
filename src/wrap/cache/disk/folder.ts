import { join } from 'node:path';
import { cacheFolder, fileNameFor, type CacheFolderOptions } from '../../../disk/index.ts';
import { algorithmOf, encodedOf, type Digest } from '../../../oci/index.ts';
import type { CacheScope } from '../store.ts';

/** How much a cache on the disk keeps, in bytes, unless told: 1 GiB. */
export const DISK_CACHE_SIZE: number = 1024 ** 3;

/** The folder in which the command line keeps what it read from registries: `registry` in the cache's folder. Not made here. */
export function registryCacheFolder(options: CacheFolderOptions = {}): string {
  return join(cacheFolder(options), 'registry');
}

/** The parts of a cache's folder. */
export const parts = { content: 'content', entries: 'entries', epochs: 'epochs' } as const;

/**
 * Where some bytes are: `content/sha256/ab/abcd…-namespace`. The digest was checked, so that it holds nothing but
 * letters and digits; namespaces are any text, and stand there as a hash.
 */
export function contentPath(folder: string, namespace: string, digest: Digest): string {
  const hex = encodedOf(digest);
  const name = `${hex}-${namespaceMark(namespace)}`;
  return join(folder, parts.content, algorithmOf(digest), hex.slice(0, 2), name);
}

/** What a file's place says that it holds; undefined for a file that is none of ours. */
export function contentOfPath(path: string): { readonly digest: Digest; readonly mark: string } | undefined {
  const [, algorithm, hex, mark] =
    /(sha256|sha512)[\\/][0-9a-f]{2}[\\/]([0-9a-f]+)-([0-9a-f]{16})$/.exec(path) ?? [];
  if (algorithm === undefined || hex === undefined || mark === undefined) return undefined;
  return { digest: `${algorithm}:${hex}` as Digest, mark };
}

/** A namespace as it stands in names of files. */
export function namespaceMark(namespace: string): string {
  return fileNameFor(namespace).slice(0, 16);
}

/** Where the entry of a repository for a digest or tag is. */
export function entryPath(
  folder: string,
  { namespace, repository }: CacheScope,
  kind: string,
  name: string,
): string {
  const hex = fileNameFor(JSON.stringify([namespace, repository, kind, name]));
  return join(folder, parts.entries, hex.slice(0, 2), hex.slice(2));
}

/** Where the epoch of a repository is. */
export function epochPath(folder: string, { namespace, repository }: CacheScope): string {
  return join(folder, parts.epochs, fileNameFor(JSON.stringify([namespace, repository])));
}
