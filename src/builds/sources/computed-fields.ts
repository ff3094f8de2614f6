import { isOrderedObject, type Ordered, createDocumentReader, setIn } from '../../json/index.ts';
import { cheapFieldsOf, type ComputedFields, type SourceEntry } from './source-entry.ts';

/** An entry with what is dear, where it is known, and as it is where it is not. */
export function withComputedFields(
  entry: SourceEntry,
  known: ReadonlyMap<string, ComputedFields>,
): SourceEntry {
  const { at, arch } = entry;
  const computed = known.get(cheapFieldsOf(at, arch, ['entries', 0]));
  if (computed === undefined) return entry;
  const { sourceId, reproducibleGitChecksum, froms, lastStageFrom, epoch } = computed;
  let document = setIn(entry.document, ['sourceId'], sourceId);
  document = setIn(document, ['reproducibleGitChecksum'], reproducibleGitChecksum);
  document = setIn(document, ['arches', arch, 'froms'], froms);
  document = setIn(document, ['arches', arch, 'lastStageFrom'], lastStageFrom);
  document = setIn(document, ['entries', 0, 'SOURCE_DATE_EPOCH'], epoch);
  return { arch, document, at: createDocumentReader(document, 'sources') };
}

/**
 * The first tags of the entries of which something is not known yet, each once and in order: what bashbrew has to be
 * asked for again. What is `null` or an empty list counts as not known, wherever it stands, as it does at sources.sh.
 */
export function tagsToAskFor(entries: Iterable<SourceEntry>): readonly string[] {
  const tags = new Set<string>();
  for (const { document, at, arch } of entries) {
    const [tag] = at.texts('arches', arch, 'tags');
    if (tag !== undefined && lacksSomething(document)) tags.add(tag);
  }
  return [...tags].sort();
}

function lacksSomething(value: Ordered): boolean {
  if (isOrderedObject(value)) return [...value.values()].some(lacksSomething);
  if (Array.isArray(value)) return value.length === 0 || (value as readonly Ordered[]).some(lacksSomething);
  return value === null;
}
