/** What an entry of a tar can be. */
export type TarEntryType =
  'file' | 'link' | 'symlink' | 'character device' | 'block device' | 'directory' | 'fifo';

/** The characters of a header for it, by type. */
export const TYPES: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  // Contiguous files, for disks that had them.
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '3': 'character device',
  '4': 'block device',
  '5': 'directory',
  '6': 'fifo',
};

/** An entry of a tar. */
export interface TarEntry {
  /** As it is written there; `archivePath` makes it one that can be compared. */
  readonly path: string;
  readonly type: TarEntryType;
  /** What a link leads to, as it is written there. */
  readonly linkpath?: string;
  /** Of its content, in bytes; 0 for all but files. */
  readonly size: number;
  /** Permissions. */
  readonly mode: number;
}

/** An entry that was found in a tar. */
export interface FoundEntry extends TarEntry {
  /** Which it is, from 1 on. Headers that extend others do not count. */
  readonly number: number;
  /** Where its content begins, in bytes from the start of the tar. */
  readonly offset: number;
}

/** Bounds on what is read from a tar. */
export interface TarLimits {
  readonly entries: number;
  /** Of a path, or a link's target, in bytes. */
  readonly path: number;
  /** Of a pax header, in bytes. */
  readonly pax: number;
  /** Of a file, in bytes. */
  readonly file: number;
}

/** The bounds unless told. */
export const TAR_LIMITS: TarLimits = {
  entries: 1_000_000,
  path: 4096,
  pax: 1024 * 1024,
  file: 64 * 1024 ** 3,
};
