import {
  isOrderedObject,
  parseOrdered,
  type Ordered,
  canonicalJson,
  memberStream,
  type TextSource,
  createDocumentReader,
  type Path,
  type DocumentReader,
  type OrderedObject,
} from '../../json/index.ts';
import { printable } from '../../oci/index.ts';

/** What bashbrew prints: a source for one architecture, as one library file has it. */
export interface SourceEntry {
  readonly arch: string;
  readonly document: OrderedObject;
  readonly at: DocumentReader;
}

/**
 * Reads what bashbrew printed for one source and one architecture.
 * @param place where it stands in its file
 * @throws {Invalid} subject `sources`, with a pointer.
 */
export function readSourceEntry(document: Ordered, place: Path = []): SourceEntry {
  const at = createDocumentReader(document, 'sources', place);
  if (!isOrderedObject(document)) throw at.wrong('want a source');
  const [arch, ...others] = at.object('arches').keys();
  if (arch === undefined || others.length > 0) throw at.wrong('want one architecture', 'arches');
  for (const field of ['tags', 'archTags', 'froms']) at.texts('arches', arch, field);
  at.findText('arches', arch, 'lastStageFrom');
  at.findText('sourceId');
  if (at.list('entries').length !== 1) throw at.wrong('want one entry', 'entries');
  checkEntry(at, 'entries', 0);
  return { arch, document, at };
}

/** What people call an entry by. */
export function entryName({ at, arch }: SourceEntry): string {
  const [tag = 'a source without a tag'] = at.texts('arches', arch, 'tags');
  return `${printable(tag)} (${printable(arch)})`;
}

/** What is dear to find out: it takes the files of the source, and its Dockerfile. */
export interface ComputedFields {
  readonly sourceId: string;
  readonly reproducibleGitChecksum: Ordered;
  readonly froms: Ordered;
  readonly lastStageFrom: Ordered;
  readonly epoch: Ordered;
}

/**
 * What is dear in the sources of an earlier sources.json.
 * @throws {Invalid} subject `sources` or `json`, with the place.
 */
export async function readComputedFields(source: TextSource): Promise<ReadonlyMap<string, ComputedFields>> {
  const known = new Map<string, ComputedFields>();
  for await (const { name, value } of memberStream(source))
    for (const [fields, computed] of computedFieldsOf(parseOrdered(value), [name]))
      known.set(fields, computed);
  return known;
}

/**
 * What is dear in a source that an earlier sources.json lists, or in one that bashbrew printed, by what is cheap: the
 * commit, the folder, the file, the builder and the architecture.
 * @throws {Invalid} subject `sources`, with a pointer.
 */
export function* computedFieldsOf(document: Ordered, place: Path = []): Generator<[string, ComputedFields]> {
  const at = createDocumentReader(document, 'sources', place);
  const sourceId = at.findText('sourceId');
  const arches = at.object('arches');
  // Until July 2024 a source had one entry.
  const paths =
    at.find('entry') === undefined ? at.list('entries').map((_, n): Path => ['entries', n]) : [['entry']];
  if (!sourceId) return;
  for (const arch of arches.keys())
    for (const path of paths) {
      checkEntry(at, ...path);
      yield [
        cheapFieldsOf(at, arch, path),
        {
          sourceId,
          reproducibleGitChecksum: at.find('reproducibleGitChecksum') ?? null,
          froms: at.find('arches', arch, 'froms') ?? null,
          lastStageFrom: at.find('arches', arch, 'lastStageFrom') ?? null,
          epoch: at.find(...path, 'SOURCE_DATE_EPOCH') ?? null,
        },
      ];
    }
}

/** By what an entry is found again in an earlier sources.json. */
export function cheapFieldsOf(at: DocumentReader, arch: string, entry: Path): string {
  const fields = ['GitCommit', 'Directory', 'File', 'Builder'].map((name) => at.find(...entry, name) ?? null);
  return canonicalJson([...fields, arch]);
}

function checkEntry(at: DocumentReader, ...path: Path): void {
  at.object(...path);
  at.findNumber(...path, 'SOURCE_DATE_EPOCH');
}
