/**
 * Kinds and permissions of files as Go's `os.FileMode` has them: what BuildKit sends is not what stat(2) says.
 * @see https://pkg.go.dev/io/fs#FileMode
 */
export const goMode = {
  folder: 0x8000_0000,
  symlink: 0x0800_0000,
  device: 0x0400_0000,
  pipe: 0x0200_0000,
  socket: 0x0100_0000,
  setuid: 0x0080_0000,
  setgid: 0x0040_0000,
  characterDevice: 0x0020_0000,
  sticky: 0x0010_0000,
  irregular: 0x0008_0000,
} as const;

/** All bits that say what kind of file it is; a regular one has none. */
const KIND =
  goMode.folder +
  goMode.symlink +
  goMode.device +
  goMode.pipe +
  goMode.socket +
  goMode.characterDevice +
  goMode.irregular;

/** What kind of file a mode is of. */
export type FileKind = 'folder' | 'symlink' | 'regular' | 'special';

/** The kind of file that Go's mode says. */
export function kindOf(mode: number): FileKind {
  // Bit 31 makes numbers negative in JavaScript's bit operations; only whether any is left counts.
  const kind = mode & KIND;
  if (kind === 0) return 'regular';
  if (kind === (goMode.folder | 0)) return 'folder';
  return kind === goMode.symlink ? 'symlink' : 'special';
}

const S_IFMT = 0o170_000;

const KINDS: ReadonlyMap<number, number> = new Map([
  [0o040_000, goMode.folder],
  [0o120_000, goMode.symlink],
  [0o060_000, goMode.device],
  [0o020_000, goMode.device + goMode.characterDevice],
  [0o010_000, goMode.pipe],
  [0o140_000, goMode.socket],
  [0o100_000, 0],
]);

/**
 * The mode that stat(2) gives, as Go has it.
 * @param platform on Windows files have no permissions; BuildKit's own client makes all of them executable there
 */
export function toGoMode(mode: number, platform: NodeJS.Platform): number {
  const kind = KINDS.get(mode & S_IFMT) ?? goMode.irregular;
  const permissions = platform === 'win32' ? ((mode & 0o777) | 0o111) & 0o755 : mode & 0o777;
  return (
    kind +
    permissions +
    (mode & 0o4000 ? goMode.setuid : 0) +
    (mode & 0o2000 ? goMode.setgid : 0) +
    (mode & 0o1000 ? goMode.sticky : 0)
  );
}

/** Permissions as chmod(2) takes them, of Go's mode. */
export function permissionsOf(mode: number): number {
  return (
    (mode & 0o777) |
    (mode & goMode.setuid ? 0o4000 : 0) |
    (mode & goMode.setgid ? 0o2000 : 0) |
    (mode & goMode.sticky ? 0o1000 : 0)
  );
}
