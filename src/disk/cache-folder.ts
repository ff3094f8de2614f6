import { homedir } from 'node:os';
import { join } from 'node:path';

/** What decides where the cache is. */
export interface CacheFolderOptions {
  /** The process's own unless told. */
  readonly environment?: Readonly<Partial<Record<string, string>>>;
  /** The system's own unless told. */
  readonly platform?: NodeJS.Platform;
}

/**
 * The folder for what may be lost: `$STOWAGE_CACHE`, else `stowage` in the platform's folder for caches. Not made here.
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function cacheFolder({
  environment = process.env,
  platform = process.platform,
}: CacheFolderOptions = {}): string {
  const { STOWAGE_CACHE: own, XDG_CACHE_HOME: xdg, LOCALAPPDATA: local } = environment;
  if (own) return own;
  const home = environment['HOME'] || homedir();
  if (platform === 'win32') return join(local || join(home, 'AppData', 'Local'), 'stowage', 'cache');
  if (platform === 'darwin') return join(home, 'Library', 'Caches', 'stowage');
  return join(xdg || join(home, '.cache'), 'stowage');
}
