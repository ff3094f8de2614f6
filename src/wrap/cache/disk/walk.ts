import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../../../disk/index.ts';
import { parts } from './folder.ts';

/** A file of a cache. */
export interface CacheFile {
  readonly path: string;
  readonly part: keyof typeof parts;
  /** In bytes. */
  readonly size: number;
  /** What it takes of the disk, in bytes. */
  readonly occupied: number;
  /** When it was used last, in milliseconds since 1970. */
  readonly used: number;
  /** Somebody writes it, or was killed while writing it. */
  readonly temporary: boolean;
}

/** Disks give out space in pieces of so many bytes; a cache of small files is bounded by that. */
const BLOCK = 4096;

/** What a file takes of the disk. @param size in bytes */
export function occupied(size: number): number {
  return Math.max(1, Math.ceil(size / BLOCK)) * BLOCK;
}

/** All files of a cache, folder by folder. What others remove meanwhile is left out. */
export async function* walk(folder: string): AsyncGenerator<CacheFile> {
  for (const part of Object.values(parts)) yield* below(join(folder, part), part);
}

async function* below(folder: string, part: CacheFile['part']): AsyncGenerator<CacheFile> {
  const entries = await orNothing(readdir(folder, { withFileTypes: true }));
  const files = (entries ?? []).filter((entry) => entry.isFile());
  // A folder's at once, as one after the other they would take most of a second for each ten thousand.
  const looked = await Promise.all(files.map(({ name }) => look(join(folder, name), part)));
  for (const file of looked) if (file !== undefined) yield file;
  for (const entry of entries ?? []) {
    if (entry.isDirectory()) yield* below(join(folder, entry.name), part);
  }
}

async function look(path: string, part: CacheFile['part']): Promise<CacheFile | undefined> {
  const found = await orNothing(stat(path));
  if (found === undefined) return undefined;
  const { size, mtimeMs } = found;
  return { path, part, size, occupied: occupied(size), used: mtimeMs, temporary: path.endsWith('.tmp') };
}

async function orNothing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
