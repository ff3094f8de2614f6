import { describeSubject, sortAnnotations, type SynthesizedIndex } from '../../image/index.ts';
import {
  type Member,
  escapeHtml,
  indent,
  createTextStore,
  detachString,
  type StoredText,
  memberStream,
  type TextSource,
  pointerOf,
  unwrapped,
} from '../../json/index.ts';
import {
  Invalid,
  isIndexType,
  isObject,
  parseDescriptor,
  parseJson,
  checkAnnotations,
  type Annotations,
  type Json,
} from '../../oci/index.ts';
import { indexText } from './index-text.ts';
import { parseImageName, spell, type Spelling } from '../sources/image-name.ts';

/** Indexes that earlier runs have looked up, by the short names of their images. */
export interface IndexCache {
  has(name: string): boolean;
  get(name: string): SynthesizedIndex | undefined;
  /** The same as it stands in a cache file. */
  text(name: string): string | undefined;
  /** An index is of use in this run, and so may be in the next. @param index where it is not known yet */
  keep(name: string, index?: SynthesizedIndex): void;
  /** All that earlier runs have left. */
  names(): Iterable<string>;
  /** What was kept in this run, in the order of the names. @param spelling of the names; short unless told */
  kept(spelling?: Spelling): Iterable<CacheEntry>;
}

/** The name of an image, and its index as it stands in a cache file. */
export type CacheEntry = readonly [name: string, text: string];

/** Keeps nothing. */
export const noCache: IndexCache = {
  has: () => false,
  get: () => undefined,
  text: () => undefined,
  keep: () => {},
  names: () => [],
  kept: () => [],
};

/**
 * Reads the cache file of a run of builds. Each index is looked at, and stays text until it is used.
 * @param source of the file; none, for a run that is the first
 * @throws {Invalid} subject `cache`, with a pointer, when it is not `{"indexes": {…}}`, or has an index that is none.
 */
export async function parseIndexCache(source: TextSource = '{"indexes": {}}'): Promise<IndexCache> {
  const texts = createTextStore();
  // In the form in which it will be written, so that this is done once.
  const keep = (index: SynthesizedIndex): StoredText => texts.keep(indent(escapeHtml(indexText(index)), 2));
  const known = new Map<string, StoredText>();
  for await (const { name, value } of entries(source)) {
    const place = pointerOf(['indexes', name]);
    const image = invalidAt(place, () => parseImageName(detachString(name)));
    if (known.has(image.name)) throw new Invalid('cache', 'is there twice', place);
    known.set(image.name, keep(parseIndex(value, place)));
  }
  const earlier = [...known.keys()];
  const used = new Set<string>();
  const textOf = (name: string): string | undefined => known.get(name)?.read();
  return {
    has: (name) => known.has(name),
    get(name) {
      const text = textOf(name);
      return text === undefined ? undefined : (JSON.parse(text) as SynthesizedIndex);
    },
    text: textOf,
    keep(name, index) {
      used.add(name);
      if (index !== undefined && !known.has(name)) known.set(name, keep(index));
    },
    names: () => earlier,
    *kept(spelling = 'short') {
      const spelt = (name: string): string =>
        spelling === 'short' ? name : spell(parseImageName(name).reference, spelling);
      const names = [...used].map((name) => [spelt(name), name] as const);
      for (const [written, name] of names.toSorted(([a], [b]) => byCode(a, b))) {
        const text = textOf(name);
        if (text !== undefined) yield [written, text];
      }
    },
  };
}

/** Writes a cache file as Go does, in pieces. */
export function* formatIndexes(indexes: Iterable<CacheEntry>): Generator<string> {
  let separator = '{\n\t"indexes": {\n\t\t';
  for (const [name, text] of indexes) {
    yield `${separator}${JSON.stringify(name)}: ${text}`;
    separator = ',\n\t\t';
  }
  yield separator.startsWith('{') ? '{\n\t"indexes": {}\n}\n' : '\n\t}\n}\n';
}

/** The members of the one member that there is. */
async function* entries(source: TextSource): AsyncGenerator<Member> {
  try {
    yield* memberStream(unwrapped(source, 'indexes'));
  } catch (error) {
    throw error instanceof Invalid && error.subject === 'json'
      ? new Invalid('cache', error.message, '/indexes')
      : error;
  }
}

function invalidAt<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    if (error.pointer === undefined) throw new Invalid('cache', error.message, place);
    throw new Invalid('cache', error.message.slice(error.pointer.length + 2), `${place}${error.pointer}`);
  }
}

/** An index, its fields as Go writes them. */
function parseIndex(text: string, place: string): SynthesizedIndex {
  return invalidAt(place, () => {
    const document = parseJson(Buffer.from(text));
    if (!isObject(document)) throw new Invalid('cache', 'want an index');
    const { schemaVersion, mediaType, artifactType, manifests, subject, annotations } = document;
    if (schemaVersion !== 2) throw new Invalid('cache', 'must be 2', '/schemaVersion');
    if (typeof mediaType !== 'string' || !isIndexType(mediaType))
      throw new Invalid('cache', 'want the media type of an index', '/mediaType');
    if (!Array.isArray(manifests)) throw new Invalid('cache', 'want a list of descriptors', '/manifests');
    checkAnnotations(annotations, '/annotations');
    return {
      schemaVersion,
      mediaType,
      ...(typeof artifactType === 'string' && artifactType !== '' && { artifactType }),
      manifests: manifests.map((entry: Json, at) =>
        describeSubject(parseDescriptor(entry, `/manifests/${at}`)),
      ),
      ...(subject != null && { subject: describeSubject(parseDescriptor(subject, '/subject')) }),
      annotations: sortAnnotations((annotations ?? {}) as Annotations),
    };
  });
}

function byCode(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
