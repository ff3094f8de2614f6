import { Invalid, isObject, parseJson, type Descriptor } from '../oci/index.ts';
import { commonEntries, type Common } from './entries.ts';
import { checkEntries, ENTRY_LIMIT, parseIndex, type LayoutIndex } from './index-file.ts';

/**
 * An `index.json` together with its text, so that a version of it which differs in some entries is written, and read, by
 * those alone: the rest of the text is that of the version before.
 */
export interface IndexText extends LayoutIndex {
  readonly bytes: Buffer;
  /** Where the text of each entry begins; at the end, where that of one more would. None where that is not known. */
  readonly starts: Uint32Array | undefined;
}

/** What stands before the entries, and after them. */
function frame({ fields }: LayoutIndex): readonly [head: string, tail: string] {
  const texts = Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)] as const);
  const at = texts.findIndex(([name]) => name === 'manifests');
  const join = (part: typeof texts): string =>
    part.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join();
  const before = join(texts.slice(0, at));
  const after = join(texts.slice(at + 1));
  return [`{${before}${before && ','}"manifests":[`, `]${after && ','}${after}}`];
}

/** Writes an `index.json`: the fields in the order in which they were read. */
export function writeIndexText(index: LayoutIndex, before?: IndexText): IndexText {
  const [head, tail] = frame(index);
  const { entries } = index;
  const old = before?.starts !== undefined && isFramed(before, head, tail) ? before : undefined;
  const same = old === undefined ? { first: 0, last: 0 } : commonEntries(old.entries, entries);
  const middle = entries.slice(same.first, entries.length - same.last).map((entry) => JSON.stringify(entry));
  const parts = [
    ...(old ? textOf(old, 0, same.first) : []),
    ...(middle.length > 0 ? [Buffer.from(middle.join())] : []),
    ...(old ? textOf(old, old.entries.length - same.last, old.entries.length) : []),
  ];
  const comma = Buffer.from(',');
  const bytes = Buffer.concat([
    Buffer.from(head),
    ...parts.flatMap((part, at) => (at === 0 ? [part] : [comma, part])),
    Buffer.from(tail),
  ]);
  return { ...index, bytes, starts: startsOf(Buffer.byteLength(head), middle, same, old) };
}

/**
 * Reads an `index.json`, as `parseIndex` does.
 * @param before another version of it; what both begin and end with is not looked at again
 * @throws {Invalid}
 */
export function readIndexText(bytes: Buffer, before?: IndexText): IndexText {
  const changed = before?.starts === undefined ? undefined : readChanged(bytes, before, before.starts);
  return changed ?? { ...parseIndex(bytes), bytes, starts: undefined };
}

/** Nothing where the difference is not one of whole entries: then it is read in full, for its errors as well. */
function readChanged(bytes: Buffer, before: IndexText, starts: Uint32Array): IndexText | undefined {
  const count = before.entries.length;
  if (count === 0) return undefined;
  const equal = commonBytes(before.bytes, bytes);
  // A start that lies within what is equal has its comma, or bracket, before it in both.
  const first = Math.min(lastUpTo(starts, equal.start), count - 1);
  if ((starts[0] ?? 0) > equal.start) return undefined;
  const equalFrom = before.bytes.length - equal.end;
  const next = Math.max(firstFrom(starts, equalFrom), first);
  if (next === count && (starts[count] ?? 0) - 1 < equalFrom) return undefined;
  if (next > count) return undefined;
  const cut = next < count ? (starts[next] ?? 0) : (starts[count] ?? 0) - 1;
  const from = starts[first] ?? 0;
  const to = bytes.length - (before.bytes.length - cut);
  if (to < from) return undefined;
  // Before an entry there is a comma, which belongs to what is left out, unless nothing is.
  if (next < count && to > from && bytes[to - 1] !== COMMA) return undefined;
  const text = bytes.subarray(from, next < count ? Math.max(from, to - 1) : to);
  const middle = parseEntries(text, first);
  // Two commas, or one before the bracket, have no entry between them.
  const isNone = next < count ? to === from : first === 0;
  if (middle?.length === 0 && !isNone) return undefined;
  if (middle === undefined || first + middle.length + count - next > ENTRY_LIMIT) return undefined;
  const entries = [...before.entries.slice(0, first), ...middle, ...before.entries.slice(next)];
  const texts = middle.map((entry) => JSON.stringify(entry));
  const same = { first, last: count - next };
  const isOurs = text.equals(Buffer.from(texts.join()));
  return {
    fields: before.fields,
    entries,
    bytes,
    starts: isOurs ? startsOf(starts[0] ?? 0, texts, same, before) : undefined,
  };
}

const COMMA = 0x2c;

function parseEntries(text: Buffer, first: number): readonly Descriptor[] | undefined {
  try {
    // As deep as they stand in the file.
    const document = parseJson(Buffer.concat([Buffer.from('{"manifests":['), text, Buffer.from(']}')]));
    const entries = isObject(document) ? document['manifests'] : undefined;
    if (!Array.isArray(entries)) return undefined;
    checkEntries(entries, first);
    return entries as Descriptor[];
  } catch (error) {
    if (error instanceof Invalid) return undefined;
    throw error;
  }
}

/** The text of some entries, with the commas between them. */
function textOf({ bytes, starts }: IndexText, first: number, end: number): readonly Buffer[] {
  return first === end ? [] : [bytes.subarray(starts?.[first], (starts?.[end] ?? 0) - 1)];
}

function startsOf(
  head: number,
  middle: readonly string[],
  { first, last }: Common,
  before: IndexText | undefined,
): Uint32Array {
  const starts = new Uint32Array(first + middle.length + last + 1);
  if (before?.starts !== undefined) starts.set(before.starts.subarray(0, first + 1));
  else starts[0] = head;
  let at = first;
  for (const text of middle) {
    starts[at + 1] = (starts[at] ?? 0) + Buffer.byteLength(text) + 1;
    at++;
  }
  if (before?.starts === undefined || last === 0) return starts;
  const from = before.entries.length - last;
  const shift = (starts[at] ?? 0) - (before.starts[from] ?? 0);
  for (let moved = 1; moved <= last; moved++) starts[at + moved] = (before.starts[from + moved] ?? 0) + shift;
  return starts;
}

function isFramed({ bytes, starts }: IndexText, head: string, tail: string): boolean {
  return (
    bytes.subarray(0, starts?.[0]).equals(Buffer.from(head)) &&
    bytes.subarray(bytes.length - Buffer.byteLength(tail)).equals(Buffer.from(tail)) &&
    // An empty list has no comma that could be counted.
    (starts?.length ?? 0) > 1
  );
}

/** How many bytes are compared at a time. */
const BLOCK = 64 * 1024;

/** How many bytes two texts have in common at the beginning, and, of what is left of the shorter one, at the end. */
function commonBytes(a: Buffer, b: Buffer): { readonly start: number; readonly end: number } {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start + BLOCK <= shorter && a.compare(b, start, start + BLOCK, start, start + BLOCK) === 0)
    start += BLOCK;
  while (start < shorter && a[start] === b[start]) start++;
  const left = shorter - start;
  let end = 0;
  while (
    end + BLOCK <= left &&
    a.compare(b, b.length - end - BLOCK, b.length - end, a.length - end - BLOCK, a.length - end) === 0
  )
    end += BLOCK;
  while (end < left && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return { start, end };
}

/** The last number of an ordered list that is not above a bound: where it stands. */
function lastUpTo(list: Uint32Array, bound: number): number {
  return firstFrom(list, bound + 1) - 1;
}

/** The first number of an ordered list that is not below a bound: where it stands. */
function firstFrom(list: Uint32Array, bound: number): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((list[middle] ?? 0) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
