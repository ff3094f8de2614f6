import {
  isOrderedObject,
  parseOrdered,
  type Member,
  type Ordered,
  createTextStore,
  type StoredText,
  memberStream,
  type TextSource,
  pointerOf,
  createDocumentReader,
  type Path,
  type DocumentReader,
} from '../../json/index.ts';
import { Invalid, parseDigest } from '../../oci/index.ts';
import type { Spelling } from './image-name.ts';
import { linkTargets, type DraftParent, type DraftTarget, type Sources } from './link-parents.ts';
import { targetName, type SourceText } from './target.ts';
import { createVocabulary, type Vocabulary } from './vocabulary.ts';

/** Stands for a build that starts from nothing. */
const SCRATCH = 'scratch';

/**
 * Reads a sources.json: of each source what builds depend on; the rest stays text. Tags may stand once, at the source, as
 * they did until May 2024, or at each architecture.
 *
 * The same source listed twice counts once: at the first place, as it stands at the last.
 * @throws {Invalid} subject `sources`, with a pointer, at the first that is malformed; for parents that are not in the
 *   file, and for sources that are their own parents.
 */
export async function parseSources(source: TextSource): Promise<Sources> {
  const words = createVocabulary();
  const texts = createTextStore();
  const drafts = new Map<string, DraftTarget>();
  const keys = new Set<string>();
  let spelling: Spelling = 'short';
  for await (const { name, value } of sourceMembers(source)) {
    const key = words.word(name);
    if (keys.has(key)) throw new Invalid('sources', 'is there twice', pointerOf([key]));
    keys.add(key);
    const at = createDocumentReader(parseMember(key, value), 'sources', [key]);
    if (at.find('tags') !== undefined) spelling = 'full';
    for (const draft of readSource(at, key, texts.keep(value), words)) addDraft(drafts, draft);
  }
  return linkTargets([...drafts.values()], spelling);
}

async function* sourceMembers(source: TextSource): AsyncGenerator<Member> {
  try {
    yield* memberStream(source);
  } catch (error) {
    throw error instanceof Invalid && error.subject === 'json'
      ? new Invalid('sources', error.message)
      : error;
  }
}

function* readSource(
  at: DocumentReader,
  key: string,
  text: StoredText,
  words: Vocabulary,
): Generator<DraftTarget> {
  const sourceId = words.word(at.text('sourceId'));
  if (sourceId === '') throw at.wrong('must not be empty', 'sourceId');
  const source: SourceText = { key, sourceId, text };
  const arches = at.object('arches');
  if (arches.size === 0) throw at.wrong('want an architecture', 'arches');
  for (const arch of arches.keys()) {
    if (!/^[a-z0-9]+(?:[-_.][a-z0-9]+)*$/.test(arch))
      throw at.wrong('not the name of an architecture', 'arches', arch);
    yield {
      source,
      arch: words.word(arch),
      tag: words.word(firstTag(at, arch)),
      parents: readParents(at, arch, words),
    };
  }
}

function parseMember(key: string, text: string): Ordered {
  try {
    return parseOrdered(text);
  } catch (error) {
    throw error instanceof Invalid ? new Invalid('sources', error.message, pointerOf([key])) : error;
  }
}

function firstTag(at: DocumentReader, arch: string): string {
  const ofArch: Path = ['arches', arch, 'tags'];
  at.object('arches', arch);
  const path = at.find(...ofArch) === undefined && at.find('tags') !== undefined ? ['tags'] : ofArch;
  const [tag] = at.texts(...path);
  if (tag === undefined) throw at.wrong('want a tag', ...path);
  return tag;
}

function readParents(at: DocumentReader, arch: string, words: Vocabulary): readonly DraftParent[] {
  const place: Path = ['arches', arch, 'parents'];
  return [...at.object(...place)].flatMap(([name, parent]): DraftParent[] => {
    if (name === SCRATCH) return [];
    const from = words.word(name);
    if (!isOrderedObject(parent)) throw at.wrong('want an object', ...place, from);
    const sourceId = at.findText(...place, from, 'sourceId');
    if (sourceId !== undefined)
      return [{ kind: 'source', from, sourceId, pointer: at.pointer(...place, from, 'sourceId') }];
    const pin = at.findText(...place, from, 'pin');
    if (pin !== undefined) orInvalid(() => parseDigest(pin), at, ...place, from, 'pin');
    const text = pin === undefined ? from : `${from}@${pin}`;
    return [{ kind: 'image', from, image: orInvalid(() => words.image(text), at, ...place, from) }];
  });
}

function orInvalid<T>(parse: () => T, at: DocumentReader, ...place: Path): T {
  try {
    return parse();
  } catch (error) {
    throw error instanceof Invalid ? at.wrong(error.message, ...place) : error;
  }
}

function addDraft(drafts: Map<string, DraftTarget>, draft: DraftTarget): void {
  const name = targetName(draft.source.sourceId, draft.arch);
  const before = drafts.get(name);
  if (before !== undefined && shapeOf(before) !== shapeOf(draft))
    throw new Invalid(
      'sources',
      `has the sourceId of ${pointerOf([before.source.key])}, but other parents for ${draft.arch}`,
      pointerOf([draft.source.key, 'sourceId']),
    );
  // A map keeps the place at which a name was set first, as jq does.
  drafts.set(name, draft);
}

function shapeOf({ parents }: DraftTarget): string {
  return JSON.stringify(
    parents.map((parent) => [parent.from, parent.kind === 'source' ? parent.sourceId : parent.image.name]),
  );
}
