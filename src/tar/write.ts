import { Invalid, printable } from '../oci/index.ts';
import { TYPES, type TarEntry } from './entry.ts';
import { BLOCK, fitsLink, fitsName, formatHeader, OCTAL_LIMIT, type Header } from './header.ts';
import { formatPax } from './pax.ts';

/** Something to be written into a tar: a file with its content, or a folder. */
export interface TarItem {
  readonly path: string;
  /** A folder where there is none. */
  readonly content?: {
    /** In bytes. */
    readonly size: number;
    open(): AsyncIterable<Uint8Array>;
  };
}

/** In how large pieces the bytes come, in bytes, where they come in many small ones. */
const PIECE = 256 * 1024;

/**
 * Writes a tar. The same items give the same bytes, whoever writes them, when, and where: owners and times are zero.
 * @throws {Invalid} subject `tar`, when a content is not as long as was said; and what a content fails with.
 */
export async function* writeTar(
  items: Iterable<TarItem> | AsyncIterable<TarItem>,
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let length = 0;
  const flush = (): Uint8Array => {
    const piece = held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held);
    held = [];
    length = 0;
    return piece;
  };
  for await (const bytes of blocksOf(items)) {
    held.push(bytes);
    length += bytes.length;
    if (length >= PIECE) yield flush();
  }
  yield flush();
}

async function* blocksOf(items: Iterable<TarItem> | AsyncIterable<TarItem>): AsyncGenerator<Uint8Array> {
  for await (const item of items) {
    yield headerOf(item);
    const { path, content } = item;
    if (content === undefined) continue;
    const { size } = content;
    let seen = 0;
    for await (const chunk of content.open()) {
      seen += chunk.length;
      if (seen > size) throw wrongSize(path, size, 'more');
      yield chunk;
    }
    if (seen !== size) throw wrongSize(path, size, `${seen}`);
    yield new Uint8Array(paddingOf(size));
  }
  yield new Uint8Array(END_LENGTH);
}

/** The mark of the end: two blocks of zeros. */
const END_LENGTH = 2 * BLOCK;

/** How long the tar of some items is, in bytes. Contents are not opened. */
export function sizeOfTar(items: Iterable<TarItem>): number {
  let total = END_LENGTH;
  for (const item of items) {
    const size = item.content?.size ?? 0;
    total += headerOf(item).length + size + paddingOf(size);
  }
  return total;
}

function headerOf({ path, content }: TarItem): Uint8Array {
  if (content !== undefined) return formatEntry({ path, type: 'file', size: content.size, mode: 0o644 });
  return formatEntry({
    path: path.endsWith('/') ? path : `${path}/`,
    type: 'directory',
    size: 0,
    mode: 0o755,
  });
}

/** The blocks that stand before an entry's content: its header, and a pax header where that has no room for something. */
export function formatEntry({ path, type, linkpath = '', size, mode }: TarEntry): Uint8Array {
  const records = new Map<string, string>();
  const name = fitsName(path) ? path : shortened(path);
  if (name !== path) records.set('path', path);
  const linkname = fitsLink(linkpath) ? linkpath : shortened(linkpath);
  if (linkname !== linkpath) records.set('linkpath', linkpath);
  // What does not fit into digits is said in the pax header; readers that know none find 0, not nonsense.
  if (size >= OCTAL_LIMIT) records.set('size', String(size));
  const owner = { uid: 0, gid: 0, mtime: 0 };
  const header: Header = {
    ...owner,
    name,
    linkname,
    type: characterOf(type),
    mode,
    size: size >= OCTAL_LIMIT ? 0 : size,
  };
  if (records.size === 0) return formatHeader(header);
  const pax = formatPax(records);
  return Buffer.concat([
    formatHeader({
      ...owner,
      name: `PaxHeaders/${name}`.slice(0, 100),
      type: 'x',
      linkname: '',
      mode: 0o644,
      size: pax.length,
    }),
    pax,
    new Uint8Array(paddingOf(pax.length)),
    formatHeader(header),
  ]);
}

function characterOf(type: TarEntry['type']): string {
  const [character = '0'] = Object.entries(TYPES).find(([, name]) => name === type) ?? [];
  return character;
}

/** What stands in the place of a text that does not fit, for readers that know no better. */
function shortened(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '_').slice(0, 100);
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

function wrongSize(path: string, size: number, got: string): Invalid {
  return new Invalid('tar', `"${printable(path, 200)}" was announced with ${size} bytes, and has ${got}`);
}
