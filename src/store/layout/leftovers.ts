import { open, rm, type FileHandle } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { lockNow } from '../../disk/index.ts';
import { isNewer, lstatOrNone, type Times } from './age.ts';
import type { CollectRules } from './collect-rules.ts';
import { isAbsent } from './failure.ts';
import { PRIVATE } from './folder.ts';
import { namesIn } from './look.ts';
import type { Repository } from './repository.ts';

/** Nobody writes to one of our temporary files for so long without touching it, in milliseconds. */
const ABANDONED = 60 * 60_000;
/** Of other tools we know less. */
const ABANDONED_BY_OTHERS = 24 * ABANDONED;
/** What containers/image (skopeo, podman, buildah) calls a blob in the layout while it writes it. */
const UNFINISHED = /^oci-put-blob\d+$/;

type Rules = Pick<CollectRules, 'grace' | 'uploadExpiry' | 'dryRun' | 'signal' | 'tell'>;

/**
 * Removes what killed processes left in a layout: our temporary files, uploads that nobody went on with, and what other
 * tools are known to write beside the blobs. None of it is ever referred to, so that a wrong guess costs a writer its
 * attempt, and the layout nothing.
 */
export async function sweepLeftovers(repository: Repository, rules: Rules): Promise<void> {
  const { path: layout, uploads } = repository;
  const { grace, uploadExpiry, dryRun, signal, tell } = rules;
  const found = (path: string, size: number): void =>
    tell({ type: 'leftover', repository: repository.repository, path, size });

  const sweep = async (
    folder: string,
    age: number,
    remove: (path: string, age: number) => Promise<boolean>,
    name?: RegExp,
  ): Promise<void> => {
    for (const file of (await namesIn(join(layout, folder))) ?? []) {
      signal?.throwIfAborted();
      if (name?.test(file) === false) continue;
      const path = join(layout, folder, file);
      const stat = await newest(path);
      if (stat === undefined || isNewer(stat, age)) continue;
      if (dryRun || (await remove(path, age))) found(join(folder, file), stat.size);
    }
  };
  const others = Math.max(grace, ABANDONED_BY_OTHERS);
  await sweep(join(PRIVATE, 'tmp'), Math.max(grace, ABANDONED), removeFile);
  await sweep(relative(layout, uploads), uploadExpiry, removeUpload);
  // containerd's content store, and with it BuildKit's, has a folder for each blob on its way; oras-go has files there.
  await sweep('ingest', others, removeFile);
  await sweep('', others, removeFile, UNFINISHED);
}

/** Or a folder with all that is in it. */
async function removeFile(path: string): Promise<boolean> {
  await rm(path, { force: true, recursive: true });
  return true;
}

/** An upload is left alone while somebody writes to it, or makes a blob of it. */
async function removeUpload(path: string, age: number): Promise<boolean> {
  let handle: FileHandle;
  try {
    handle = await open(path, 'r+');
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
  try {
    if (!(await lockNow(handle, path)) || isNewer(await handle.stat(), age)) return false;
    return await removeFile(path);
  } finally {
    await handle.close();
  }
}

/** What was touched last of a file, or of a folder and what is directly in it, with the size of it all in bytes. */
async function newest(path: string): Promise<(Times & { readonly size: number }) | undefined> {
  const own = await lstatOrNone(path);
  if (own === undefined || !own.isDirectory()) return own;
  let [size, mtimeMs, ctimeMs] = [0, own.mtimeMs, own.ctimeMs];
  for (const name of (await namesIn(path)) ?? []) {
    const inner = await lstatOrNone(join(path, name));
    if (inner === undefined) continue;
    size += inner.size;
    mtimeMs = Math.max(mtimeMs, inner.mtimeMs);
    ctimeMs = Math.max(ctimeMs, inner.ctimeMs);
  }
  return { size, mtimeMs, ctimeMs };
}
