/** What things are sorted by: numbers come before texts and texts before lists, as jq has it. */
export type SortKey = number | string | readonly SortKey[];

/**
 * Compares texts by their code points, as UTF-8 would be compared byte by byte. JavaScript's own order is that of UTF-16,
 * where what is beyond U+FFFF comes before U+E000.
 * @returns less than 0, 0, or more, as `Array.sort` wants it
 */
function compareText(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length);
  for (let at = 0; at < shorter; at++) {
    const difference = rank(a.charCodeAt(at)) - rank(b.charCodeAt(at));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Halves of pairs stand for characters beyond all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** The same items in the order of their keys; those with equal keys stay in the order in which they came. */
export function sortBy<T>(items: Iterable<T>, keyOf: (item: T) => SortKey): readonly T[] {
  return Array.from(items, (item) => ({ item, key: keyOf(item) }))
    .sort((a, b) => compareKeys(a.key, b.key))
    .map(({ item }) => item);
}

function compareKeys(a: SortKey, b: SortKey): number {
  if (typeof a === 'number') return typeof b === 'number' ? compareNumbers(a, b) : -1;
  if (typeof a === 'string') {
    if (typeof b === 'string') return compareText(a, b);
    return typeof b === 'number' ? 1 : -1;
  }
  return typeof b === 'object' ? compareLists(a, b) : 1;
}

// Not by a difference: that of two infinities is no number.
function compareNumbers(a: number, b: number): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function compareLists(a: readonly SortKey[], b: readonly SortKey[]): number {
  for (const [at, element] of a.entries()) {
    const other = b[at];
    if (other === undefined) return 1;
    const order = compareKeys(element, other);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/**
 * Puts what is preferred first, in the order given, and what is not wanted last; the rest comes between, by name.
 */
export function preferring(
  first: readonly string[],
  last: readonly string[] = [],
): (name: string) => readonly SortKey[] {
  const places = new Map<string, number>([
    ...last.map((name, at) => [name, first.length + 1 + at] as const),
    ...first.map((name, at) => [name, at] as const),
  ]);
  return (name) => [places.get(name) ?? first.length, name];
}

/**
 * The natural order, numbers within texts by their value, from the end: `v10`, `v9`, `v8`, `v8.1`. Only pieces are turned
 * around, so that what has fewer of them stays in front; this is how the indexes of the Docker Official Images are. The
 * empty text comes last of all, as it says the least.
 */
export function descending(text: string): readonly SortKey[] {
  const pieces = text.match(/\d+|\D+/g) ?? [''];
  return pieces.map((piece) => (/^\d/.test(piece) ? -Number(piece) : descendingLetters(piece)));
}

/** Zero stands for the end of the piece, which letters go before: `va`, `v`. */
function descendingLetters(piece: string): readonly SortKey[] {
  return [...Array.from(piece, (letter) => -(letter.codePointAt(0) ?? 0)), 0];
}
