import {
  isOrderedObject,
  parseOrdered,
  type Ordered,
  detachString,
  memberStream,
  type TextSource,
  createDocumentReader,
  type DocumentReader,
  type OrderedObject,
} from '../../json/index.ts';
import { Invalid } from '../../oci/index.ts';

/** A build as builds.json lists it. */
export interface ListedBuild {
  readonly id: string;
  /** The architecture, by its name at the Docker Official Images: `arm64v8`. */
  readonly arch: string;
  /** What is there of it, as an index of this architecture alone; nothing where it has not been built yet. */
  readonly resolved: OrderedObject | undefined;
  /** All of it, in its order. */
  readonly document: OrderedObject;
  readonly at: DocumentReader;
}

/**
 * The builds of a builds.json, one after the other: only one is in memory, of a file of any size.
 * @param source the text, or the pieces in which it comes
 * @throws {Invalid} subject `builds` or `json`, with the place, at the first that has not the form of a build.
 */
export async function* readBuilds(source: TextSource): AsyncGenerator<ListedBuild> {
  const seen = new Set<string>();
  for await (const { name, value } of memberStream(source)) {
    const build = readBuild(name, parseMember(name, value));
    if (seen.has(name)) throw build.at.wrong('stands here a second time');
    seen.add(detachString(name));
    yield build;
  }
}

function parseMember(name: string, value: string): Ordered {
  try {
    return parseOrdered(value);
  } catch (error) {
    throw error instanceof Invalid ? new Invalid('builds', error.message, `/${name}`) : error;
  }
}

function readBuild(name: string, document: Ordered): ListedBuild {
  const at = createDocumentReader(document, 'builds', [name]);
  if (!isOrderedObject(document)) throw at.wrong('want a build');
  const id = at.text('buildId');
  if (id !== name) throw at.wrong('is not the name under which the build stands', 'buildId');
  const arch = at.text('build', 'arch');
  at.object('source', 'arches', arch);
  const build = { id, arch, resolved: at.findObject('build', 'resolved'), document, at };
  tagsOf(build);
  return build;
}

/** The tags of a build that it shares with other architectures; the first one is what people call it by. */
export function tagsOf({ at, arch }: ListedBuild): readonly string[] {
  const ofArch = ['source', 'arches', arch, 'tags'];
  // Until May 2024 the tags stood once, at the source.
  const atSource = !at.object('source', 'arches', arch).has('tags') && at.object('source').has('tags');
  const path = atSource ? ['source', 'tags'] : ofArch;
  const tags = at.texts(...path);
  if (tags.length === 0) throw at.wrong('want a tag', ...path);
  return tags;
}

/** The tags of a build in the namespace of its architecture: `arm64v8/alpine:3.20`. */
export function archTagsOf({ at, arch }: ListedBuild): readonly string[] {
  return at.texts('source', 'arches', arch, 'archTags');
}

/** What people call a build by. */
export function nameOf(build: ListedBuild): string {
  return tagsOf(build)[0] as string;
}
