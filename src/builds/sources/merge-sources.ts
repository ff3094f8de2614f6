import {
  JsonNumber,
  type Ordered,
  canonicalJson,
  createDocumentReader,
  type OrderedObject,
} from '../../json/index.ts';
import { Invalid, printable } from '../../oci/index.ts';
import { entryName, type SourceEntry } from './source-entry.ts';

/** Which sources have a tag, for each architecture. */
type TagOwners = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>;

/**
 * Makes a sources.json of what bashbrew printed: entries of one source become one, with all its architectures, and each
 * parent is told by the source that has its tag, or by its pin.
 * @param entries in the order in which they are to be built; with their sourceId
 * @param pins the digests of images that are not built here, by their names
 * @throws {Invalid} subject `sources`, for entries without a sourceId, for two of one source and architecture that disagree
 *   on more than tags, and for parents that two sources claim to be.
 */
export function mergeSources(
  entries: readonly SourceEntry[],
  pins: ReadonlyMap<string, string> = new Map(),
): OrderedObject {
  const owners = ownersOf(entries);
  const sources = new Map<string, Melted>();
  for (const entry of entries) {
    const sourceId = sourceIdOf(entry);
    const before = sources.get(sourceId);
    if (before === undefined) sources.set(sourceId, begun(entry));
    else melt(before, entry);
  }
  return new Map([...sources].map(([sourceId, source]) => [sourceId, sourceOf(source, owners, pins)]));
}

/** What was not found out: an entry of which only the cheap fields are known. */
function sourceIdOf(entry: SourceEntry): string {
  const sourceId = entry.at.findText('sourceId');
  if (sourceId) return sourceId;
  throw new Invalid(
    'sources',
    `the sourceId of ${entryName(entry)} is not known: bashbrew has to be asked for it`,
  );
}

/** A source of which more may come. */
interface Melted {
  readonly first: OrderedObject;
  readonly arches: Map<string, OrderedObject>;
  entries: readonly Ordered[];
}

function begun({ document, arch, at }: SourceEntry): Melted {
  return {
    first: document,
    arches: new Map([[arch, at.object('arches', arch)]]),
    entries: at.list('entries'),
  };
}

function melt(source: Melted, entry: SourceEntry): void {
  const { at, arch } = entry;
  const more = at.object('arches', arch);
  const before = source.arches.get(arch);
  // The same source for the same architecture, under other tags.
  if (before !== undefined && canonicalJson(withoutTags(before)) !== canonicalJson(withoutTags(more)))
    throw new Invalid(
      'sources',
      `${entryName(entry)} has the sourceId of ${firstTag(before)}, but not only its tags are others: ${sourceIdOf(entry)}`,
    );
  source.arches.set(arch, before === undefined ? more : withTagsOf(before, more));
  const known = new Set(source.entries.map(canonicalJson));
  const fresh = at.list('entries').filter((each) => !known.has(canonicalJson(each)));
  // The oldest is the one that is built; those of the same age stay in the order in which they came.
  source.entries = [...source.entries, ...fresh].sort((a, b) => epochOf(a) - epochOf(b));
}

function withoutTags(arch: OrderedObject): OrderedObject {
  return new Map([...arch].filter(([name]) => name !== 'tags' && name !== 'archTags'));
}

function withTagsOf(arch: OrderedObject, more: OrderedObject): OrderedObject {
  const both = (name: string): readonly Ordered[] => [
    ...new Set([...listOf(arch, name), ...listOf(more, name)]),
  ];
  return new Map([...arch, ['tags', both('tags')], ['archTags', both('archTags')]]);
}

function listOf(arch: OrderedObject, name: string): readonly Ordered[] {
  return (arch.get(name) ?? []) as readonly Ordered[];
}

function firstTag(arch: OrderedObject): string {
  const [tag] = listOf(arch, 'tags');
  return typeof tag === 'string' ? printable(tag) : 'one without a tag';
}

/** What is not known comes first, as jq has it. */
function epochOf(entry: Ordered): number {
  const epoch = (entry as OrderedObject).get('SOURCE_DATE_EPOCH');
  return epoch instanceof JsonNumber ? Number(epoch.text) : -Number.MAX_VALUE;
}

function ownersOf(entries: readonly SourceEntry[]): TagOwners {
  const owners = new Map<string, Map<string, Set<string>>>();
  for (const entry of entries) {
    const { at, arch } = entry;
    for (const tag of [...at.texts('arches', arch, 'tags'), ...at.texts('arches', arch, 'archTags')]) {
      const arches = entryOf(owners, tag, () => new Map<string, Set<string>>());
      entryOf(arches, arch, () => new Set<string>()).add(sourceIdOf(entry));
    }
  }
  return owners;
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

function sourceOf(
  { first, arches, entries }: Melted,
  owners: TagOwners,
  pins: ReadonlyMap<string, string>,
): OrderedObject {
  const linked = [...arches].map(([arch, fields]): [string, Ordered] => [
    arch,
    new Map([...fields, ['parents', parentsOf(arch, fields, owners, pins)]]),
  ]);
  return new Map([...first, ['entries', entries], ['arches', new Map(linked)]]);
}

/** Where each image comes from on which a build rests. */
function parentsOf(
  arch: string,
  fields: OrderedObject,
  owners: TagOwners,
  pins: ReadonlyMap<string, string>,
): Ordered {
  const at = createDocumentReader(fields, 'sources');
  const froms = new Set(at.texts('froms'));
  const parents = [...froms].map((from): [string, Ordered] => {
    const [sourceId, ...others] = owners.get(from)?.get(arch) ?? [];
    if (others.length > 0)
      throw new Invalid(
        'sources',
        `${printable(from)} is a tag of several sources for ${arch}: ${[sourceId, ...others].join(', ')}`,
      );
    return [
      from,
      new Map<string, Ordered>([
        ['sourceId', sourceId ?? null],
        ['pin', pins.get(from) ?? null],
      ]),
    ];
  });
  // A sum of nothing is null to jq, and so it stands in the files that it made.
  return parents.length > 0 ? new Map(parents) : null;
}
