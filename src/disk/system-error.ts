/** The system's code of an error, if it came from the system: `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errno } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && typeof errno === 'number' ? code : undefined;
}

/** What people meet, as they call it. */
const IN_WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder',
  ENAMETOOLONG: 'the name is too long',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the quota of the disk is used up',
  EROFS: 'the disk is read-only',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
  EIO: 'the disk fails',
  ENOLCK: 'the disk has no locks',
  ENOSYS: 'the system has no such thing',
};

/** A code of the system, for an error that people read: with what it means, where that is known. */
export function describeSystemCode(code: string): string {
  const words = IN_WORDS[code];
  return words === undefined ? code : `${code} (${words})`;
}
