import { walkTar, type FoundEntry, type RandomAccess, type WalkOptions } from '../../src/tar/index.ts';

/** Bytes at hand as those of a file. */
function accessTo(bytes: Uint8Array): RandomAccess {
  return { size: bytes.length, read: async (at, length) => bytes.subarray(at, at + length) };
}

/** The entries of a tar. */
export async function entriesOf(tar: Uint8Array, options?: WalkOptions): Promise<FoundEntry[]> {
  const entries: FoundEntry[] = [];
  for await (const entry of walkTar(accessTo(tar), options)) entries.push(entry);
  return entries;
}
