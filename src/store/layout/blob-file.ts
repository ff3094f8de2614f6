import { constants, type Stats } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import {
  algorithmOf,
  createHasher,
  encodedOf,
  printable,
  verifiableAlgorithm,
  type Digest,
} from '../../oci/index.ts';
import { RegistryError, type ByteRange } from '../../registry/index.ts';
import { about, isAbsent, systemCode } from './failure.ts';

/** How much of a blob is read at a time, in bytes. */
export const CHUNK: number = 1024 * 1024;

/** Names that stand in `blobs` of `x` for the repository `x/blobs`: no algorithm is called so. */
const TAKEN: ReadonlySet<string> = new Set(['blobs', 'index.json', 'oci-layout']);

/**
 * Where a blob lies in a layout: `blobs/<algorithm>/<encoded>`. The grammar of digests leaves neither of the two
 * a slash, nor a dot at its beginning, so that nothing leads out of the folder.
 * @returns undefined for an algorithm whose folder cannot be one.
 */
export function blobPath(layout: string, digest: Digest): string | undefined {
  const algorithm = algorithmOf(digest);
  return TAKEN.has(algorithm) ? undefined : join(layout, 'blobs', algorithm, encodedOf(digest));
}

/**
 * What stands where a blob should be.
 * @throws {RegistryError} `BLOB_NOT_REGULAR` for a link, a folder, a pipe: links lead out of the layout
 *   (CVE-2021-29136), and a pipe never ends.
 */
export async function statBlob(
  layout: string,
  digest: Digest,
): Promise<(Stats & { readonly path: string }) | undefined> {
  const path = blobPath(layout, digest);
  if (path === undefined) return undefined;
  try {
    const found = await lstat(path);
    if (!found.isFile()) throw notRegular(layout, digest);
    // Bytes that cannot be verified must not come from elsewhere by a link further up.
    if (verifiableAlgorithm(digest) === undefined) await checkFolders(layout, digest);
    return Object.assign(found, { path });
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

async function checkFolders(layout: string, digest: Digest): Promise<void> {
  for (const folder of [join(layout, 'blobs'), join(layout, 'blobs', algorithmOf(digest))]) {
    if (!(await lstat(folder)).isDirectory()) throw notRegular(layout, digest);
  }
}

function notRegular(layout: string, digest: Digest): RegistryError {
  const name = printable(`blobs/${algorithmOf(digest)}/${encodedOf(digest)}`, 200);
  return new RegistryError('BLOB_NOT_REGULAR', `${name} in ${printable(layout, 260)} is not a regular file`, {
    reference: digest,
  });
}

/** What of a file to read, and until when. */
export interface ReadOptions {
  readonly range?: Required<ByteRange>;
  readonly signal?: AbortSignal;
}

/** A file's bytes. It is opened when they are asked for, and closed when no more are. */
export async function* readFileBytes(
  path: string,
  { range, signal }: ReadOptions = {},
): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted();
  const handle = await open(
    path,
    constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
  );
  try {
    const { size } = await about(path, handle.stat());
    let at = range?.start ?? 0;
    const end = range?.end ?? Infinity;
    while (at < end) {
      signal?.throwIfAborted();
      // One more than is expected, so that a file which is longer than it was shows it.
      const length = Math.min(CHUNK, end - at, Math.max(size - at, 0) + 1);
      // A new one for each piece: the reader may keep it.
      const { buffer, bytesRead } = await about(
        path,
        handle.read(Buffer.allocUnsafeSlow(length), 0, length, at),
      );
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
      if (bytesRead < length) return;
    }
  } finally {
    await handle.close();
  }
}

/** Whether a regular file with these very bytes stands there: what is kept is looked at before it is relied on. */
export async function holds(
  path: string,
  digest: Digest,
  size: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const algorithm = verifiableAlgorithm(digest);
  try {
    const found = await lstat(path);
    if (algorithm === undefined || !found.isFile() || found.size !== size) return false;
    const hasher = createHasher(algorithm);
    for await (const chunk of readFileBytes(path, signal && { signal })) hasher.update(chunk);
    return hasher.digest() === digest;
  } catch (error) {
    // One that the disk cannot read any more is to be replaced as well.
    if (isAbsent(error) || systemCode(error) === 'EIO') return false;
    throw error;
  }
}
