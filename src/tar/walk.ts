import { Invalid, printable } from '../oci/index.ts';
import { TAR_LIMITS, TYPES, type FoundEntry, type TarLimits } from './entry.ts';
import { createExtensions, type Extensions } from './extensions.ts';
import { isZero } from './field.ts';
import { BLOCK, parseHeader, type Header } from './header.ts';
import { createWindow, type RandomAccess, type Window } from './window.ts';

/** How long what follows the end may be, in bytes. Writers fill up to whole records, which are 10 KiB as a rule. */
const TAIL_LIMIT = 16 * 1024 * 1024;

/** Settings of a walk. */
export interface WalkOptions {
  readonly limits?: Partial<TarLimits>;
  readonly signal?: AbortSignal;
}

/**
 * The entries of a tar: ustar, with the extensions of pax and GNU. Headers alone are read, contents are passed over.
 * @throws {Invalid} subject `tar`, with the number and the name of the entry that is not as it has to be.
 */
export async function* walkTar(
  source: RandomAccess,
  { limits: some = {}, signal }: WalkOptions = {},
): AsyncGenerator<FoundEntry> {
  const limits = { ...TAR_LIMITS, ...some };
  const window = createWindow(source);
  let extensions = createExtensions(limits);
  let number = 1;
  for (let at = 0; ;) {
    signal?.throwIfAborted();
    let header: Header | undefined;
    try {
      const block = await headerBlock(window, at, source.size);
      if (isZero(block, 0, BLOCK)) {
        if (!extensions.isEmpty)
          throw new Invalid('tar', 'it has a pax header or a long name, and then nothing');
        await checkTail(window, at + BLOCK, source.size);
        return;
      }
      header = parseHeader(block);
      const offset = at + BLOCK;
      if (extensions.takes(header.type)) {
        // Its length is looked at before a byte of it is read.
        extensions.check(header);
        checkEnd(offset, header.size, source.size);
        extensions.add(header, await window.read(offset, header.size));
        at = offset + padded(header.size);
        continue;
      }
      if (number > limits.entries) throw new Invalid('tar', `there are more than ${limits.entries} entries`);
      const entry = entryOf(header, extensions, limits);
      checkEnd(offset, entry.size, source.size);
      yield { ...entry, number, offset };
      at = offset + padded(entry.size);
      if (!extensions.isUnused) extensions = createExtensions(limits);
      number++;
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      if (at === 0 && header === undefined) throw new Invalid('tar', `it is no tar: ${error.message}`);
      throw located(error, number, extensions.path ?? header?.name);
    }
  }
}

async function headerBlock(window: Window, at: number, size: number): Promise<Uint8Array> {
  // Half an archive looks so, at a border between two entries.
  if (at === size) throw new Invalid('tar', 'the archive ends without its mark of the end: it was cut off');
  const block = at + BLOCK > size ? undefined : await window.read(at, BLOCK);
  if (block?.length !== BLOCK) throw new Invalid('tar', 'the archive ends in the middle of a header');
  return block;
}

function entryOf(
  header: Header,
  extensions: Extensions,
  limits: TarLimits,
): Omit<FoundEntry, 'number' | 'offset'> {
  const known = TYPES[header.type];
  if (header.type === 'S') throw new Invalid('tar', 'it is sparse, in the form of GNU tar');
  if (known === undefined)
    throw new Invalid('tar', `it is of type "${printable(header.type)}", which is not known`);
  const path = extensions.path ?? header.name;
  if (path === '') throw new Invalid('tar', 'it has no name');
  // Before there was a type for folders they had a slash at the end.
  const type = known === 'file' && path.endsWith('/') ? 'directory' : known;
  const isLink = type === 'link' || type === 'symlink';
  const linkpath = extensions.linkpath ?? header.linkname;
  for (const text of isLink ? [path, linkpath] : [path]) {
    if (Buffer.byteLength(text) > limits.path)
      throw new Invalid('tar', `its name has more than ${limits.path} bytes`);
  }
  const size = extensions.size ?? header.size;
  // Whoever knows no pax headers goes by the other one.
  if (header.size !== 0 && header.size !== size)
    throw new Invalid('tar', `it has two sizes: ${header.size}, and ${size} in its pax header`);
  // Some readers pass over as many bytes here, and others do not: they would not agree on what comes next.
  if (type !== 'file' && size !== 0)
    throw new Invalid('tar', `it is a ${type}, and says that it has ${size} bytes`);
  if (size > limits.file) throw new Invalid('tar', `it has ${size} bytes, more than ${limits.file}`);
  return { path, type, size, mode: header.mode & 0o7777, ...(isLink && { linkpath }) };
}

function checkEnd(offset: number, length: number, size: number): void {
  if (offset + length > size)
    throw new Invalid(
      'tar',
      `it has ${length} bytes, of which the archive has ${Math.max(0, size - offset)}: it was cut off`,
    );
}

/** After the first block of zeros come others alone, a second one at least unless the archive ends. */
async function checkTail(window: Window, at: number, size: number): Promise<void> {
  if (size - at > TAIL_LIMIT)
    throw new Invalid('tar', `${size - at} bytes follow the end of the archive, more than ${TAIL_LIMIT}`);
  for (let place = at; place < size; place += 64 * 1024) {
    const piece = await window.read(place, Math.min(64 * 1024, size - place));
    if (!isZero(piece, 0, piece.length)) throw new Invalid('tar', 'something follows the end of the archive');
  }
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

function located(error: Invalid, number: number, name: string | undefined): Invalid {
  const which = name === undefined || name === '' ? '' : ` "${printable(name, 200)}"`;
  return new Invalid('tar', `entry ${number}${which}: ${error.message}`);
}
