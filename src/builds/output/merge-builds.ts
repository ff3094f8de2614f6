import {
  formatJson,
  parseOrdered,
  type Member,
  type Ordered,
  indent,
  memberStream,
  pointerOf,
  createDocumentReader,
  type Path,
  type DocumentReader,
} from '../../json/index.ts';
import { Invalid, isDigest, type Digest } from '../../oci/index.ts';
import { buildIdOf } from '../resolve/build-id.ts';
import type { Sources } from '../sources/link-parents.ts';
import { targetName } from '../sources/target.ts';

/** A part of the builds of a run, as one of its processes has written it. */
export interface BuildsPart {
  /** What it is called in errors. */
  readonly name: string;
  /** Its text from the beginning. It is read twice: to see whether all is well, and to be written. */
  read(): AsyncIterable<Uint8Array | string>;
}

/** A build that a part lists, with its place among all. */
interface PartBuild {
  readonly position: number;
  readonly part: BuildsPart;
  readonly key: string;
  /** As `jq --tab` formats it. */
  readonly text: string;
  readonly resolved: boolean;
}

/**
 * Puts the parts of a run together, as one process would have written it. Of each part one build is in memory.
 * @param sources what the run was about
 * @returns the builds.json in pieces, once all parts have been read and found good
 * @throws {Invalid} subject `builds`, with the part's name, for parts that are malformed or of other sources, for builds
 *   of which two parts say different things, and for builds that no part has though their parents are there.
 */
export async function* mergeBuilds(sources: Sources, parts: readonly BuildsPart[]): AsyncGenerator<string> {
  await checkParts(sources, parts);
  let separator = '{';
  for await (const { key, text } of inPlace(sources, parts)) {
    yield `${separator}\n\t${formatJson(key)}: ${indent(text, 1)}`;
    separator = ',';
  }
  yield separator === '{' ? '{}\n' : '\n}\n';
}

async function checkParts(sources: Sources, parts: readonly BuildsPart[]): Promise<void> {
  const resolved = new Map<number, boolean>();
  const seen = new Set<string>();
  const nameOf = (name: string, arch: string): string => `${name} ${arch}`;
  for await (const build of inPlace(sources, parts)) {
    resolved.set(build.position, build.resolved);
    const target = sources.targets[build.position];
    for (const parent of target?.parents ?? [])
      if (target !== undefined && parent.kind === 'image') seen.add(nameOf(parent.image.name, target.arch));
  }
  for (const { position, parents, source, arch } of sources.targets) {
    const ready = parents.every((parent) =>
      parent.kind === 'target' ? resolved.get(parent.position) : seen.has(nameOf(parent.image.name, arch)),
    );
    if (ready && !resolved.has(position))
      throw new Invalid(
        'builds',
        `no part has the build of ${targetName(source.sourceId, arch)}, though its parents are there: a part is missing, or is of another time`,
      );
  }
}

/** The builds of all parts, in the order of the sources, each once. */
async function* inPlace(sources: Sources, parts: readonly BuildsPart[]): AsyncGenerator<PartBuild> {
  const positions = new Map(
    sources.targets.map(({ source, arch, position }) => [targetName(source.sourceId, arch), position]),
  );
  const streams = parts.map((part) => readPart(part, sources, positions));
  const heads = await Promise.all(streams.map(async (stream) => ({ stream, head: await next(stream) })));
  for (;;) {
    const first = Math.min(...heads.map(({ head }) => head?.position ?? Number.POSITIVE_INFINITY));
    const same = heads.filter(({ head }) => head?.position === first);
    const [one, ...others] = same.flatMap(({ head }) => head ?? []);
    if (one === undefined) return;
    const other = others.find(({ text }) => text !== one.text);
    if (other !== undefined)
      throw wrong(other.part, `is not what ${one.part.name} has for the same source`, pointerOf([other.key]));
    yield one;
    for (const each of same) each.head = await next(each.stream);
  }
}

async function next(stream: AsyncGenerator<PartBuild>): Promise<PartBuild | undefined> {
  const { value, done } = await stream.next();
  return done ? undefined : value;
}

async function* readPart(
  part: BuildsPart,
  sources: Sources,
  positions: ReadonlyMap<string, number>,
): AsyncGenerator<PartBuild> {
  let last = -1;
  try {
    for await (const member of memberStream(part.read())) {
      const build = readBuild(part, member, sources, positions);
      if (build.position <= last)
        throw new Invalid('builds', 'does not stand in the order of the sources', pointerOf([build.key]));
      last = build.position;
      yield build;
    }
  } catch (error) {
    throw error instanceof Invalid ? wrong(part, error.message) : error;
  }
}

function readBuild(
  part: BuildsPart,
  { name: key, value }: Member,
  sources: Sources,
  positions: ReadonlyMap<string, number>,
): PartBuild {
  const document = parse(key, value);
  const at = createDocumentReader(document, 'builds', [key]);
  if (at.text('buildId') !== key) throw at.wrong('is not the name under which the build stands', 'buildId');
  const [sourceId, arch] = [at.text('build', 'sourceId'), at.text('build', 'arch')];
  const position = positions.get(targetName(sourceId, arch));
  const target = position === undefined ? undefined : sources.targets[position];
  if (target === undefined) throw at.wrong(`the sources have no ${targetName(sourceId, arch)}`, 'build');
  const parents = new Map(target.parents.map(({ from }) => [from, digestAt(at, 'build', 'parents', from)]));
  if (at.object('build', 'parents').size !== parents.size)
    throw at.wrong('has other parents than the source', 'build', 'parents');
  if (buildIdOf({ sourceId, arch, parents }) !== key)
    throw at.wrong('is not the id of a build of this source on these parents', 'buildId');
  return {
    position: target.position,
    part,
    key,
    text: formatJson(document),
    resolved: at.findObject('build', 'resolved') !== undefined,
  };
}

function digestAt(at: DocumentReader, ...place: Path): Digest {
  const text = at.text(...place);
  if (!isDigest(text)) throw at.wrong('want a digest', ...place);
  return text;
}

function parse(key: string, value: string): Ordered {
  try {
    return parseOrdered(value);
  } catch (error) {
    throw error instanceof Invalid ? new Invalid('builds', error.message, pointerOf([key])) : error;
  }
}

function wrong(part: BuildsPart, why: string, pointer?: string): Invalid {
  return new Invalid('builds', `${part.name}: ${pointer === undefined ? '' : `${pointer}: `}${why}`);
}
