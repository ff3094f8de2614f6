import { Invalid } from '../oci/index.ts';
import type { TarLimits } from './entry.ts';
import { untilNul } from './field.ts';
import type { Header } from './header.ts';
import { parsePax, type PaxRecords } from './pax.ts';

/** What stands before an entry and says what its own header has no room for. */
export interface Extensions {
  /** Whether nothing was taken at all. */
  readonly isUnused: boolean;
  /** Whether nothing was taken that wants an entry behind it. */
  readonly isEmpty: boolean;
  readonly path: string | undefined;
  readonly linkpath: string | undefined;
  /** In bytes. */
  readonly size: number | undefined;
  /** Whether a header of this type is one that extends others. */
  takes(type: string): boolean;
  /** Checks one by its header. @throws {Invalid} subject `tar`. */
  check(header: Header): void;
  /** Takes one with its content. @throws {Invalid} subject `tar`. */
  add(header: Header, content: Uint8Array): void;
}

/** What the types are called in errors. */
const NAMES: Readonly<Record<string, string>> = {
  x: 'pax header',
  g: 'global pax header',
  L: 'long name',
  K: 'long link',
};

/** Those that would say of all entries what one alone can be. */
const OF_ONE_ENTRY = ['path', 'linkpath', 'size'] as const;

/** An extension of nothing yet; one for each entry. */
export function createExtensions(limits: TarLimits): Extensions {
  const seen = new Set<string>();
  let records: PaxRecords = new Map();
  const long: { path?: string; linkpath?: string } = {};

  return {
    get isUnused() {
      return seen.size === 0;
    },
    get isEmpty() {
      return !seen.has('x') && !seen.has('L') && !seen.has('K');
    },
    get path() {
      return records.get('path') ?? long.path;
    },
    get linkpath() {
      return records.get('linkpath') ?? long.linkpath;
    },
    get size() {
      const size = records.get('size');
      return size === undefined ? undefined : Number(size);
    },
    takes: (type) => Object.hasOwn(NAMES, type),
    check({ type, size }) {
      const limit = type === 'x' || type === 'g' ? limits.pax : limits.path + 1;
      if (size > limit) throw new Invalid('tar', `its ${NAMES[type]} has ${size} bytes, more than ${limit}`);
      if (seen.has(type)) throw new Invalid('tar', `it has more than one ${NAMES[type]}`);
    },
    add({ type }, content) {
      seen.add(type);
      if (type === 'L') long.path = untilNul(content, 'name');
      else if (type === 'K') long.linkpath = untilNul(content, 'link');
      else if (type === 'g') checkGlobal(parsePax(content));
      else records = checkLocal(parsePax(content));
      if (
        (long.path !== undefined && records.has('path')) ||
        (long.linkpath !== undefined && records.has('linkpath'))
      )
        throw new Invalid('tar', 'it has two long names, one in the form of GNU tar and one in that of pax');
    },
  };
}

function checkGlobal(records: PaxRecords): void {
  checkSparse(records);
  for (const key of OF_ONE_ENTRY) {
    if (records.has(key)) throw new Invalid('tar', `a global pax header sets the ${key} of all entries`);
  }
}

function checkLocal(records: PaxRecords): PaxRecords {
  checkSparse(records);
  const size = records.get('size');
  // At most 2^53, by the number of digits.
  if (size !== undefined && !/^(?:0|[1-9][0-9]{0,14})$/.test(size))
    throw new Invalid('tar', 'the size in its pax header is no number that can be');
  // An empty value means that there is none, which no two readers take for the same.
  for (const key of ['path', 'linkpath'] as const) {
    if (records.get(key) === '') throw new Invalid('tar', `the ${key} in its pax header is empty`);
  }
  return records;
}

/** Contents with holes are other bytes than those that stand in the tar: of GNU tar in three forms, and of star. */
function checkSparse(records: PaxRecords): void {
  for (const key of records.keys()) {
    if (key.startsWith('GNU.sparse.') || key === 'SCHILY.realsize')
      throw new Invalid('tar', `it is sparse: its pax header has ${key.slice(0, 40)}`);
  }
}
