import { posix } from 'node:path';

/**
 * The shortest spelling of a path with slashes: without `.`, doubled or trailing slashes, and `..` where it can be
 * resolved. Nothing at all is `.`.
 */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}
