import { canonicalDescriptor, sortManifests } from '../../image/index.ts';
import {
  formatJson,
  isOrderedObject,
  JsonNumber,
  parseOrdered,
  type Ordered,
  detachString,
  type OrderedObject,
} from '../../json/index.ts';
import { annotations as keys, mediaTypes } from '../../oci/index.ts';
import { archTagsOf, tagsOf, type ListedBuild } from './listed-build.ts';

/** What is to be deployed: everything, or what one architecture's machines push. */
export interface DeployOptions {
  /** Only builds of this architecture, and only under the tags of its own namespace. */
  readonly arch?: string;
}

/**
 * The documents that `deploy` takes, made of builds: for each set of images an index that stands under all the tags
 * that want that set, in the canonical order, and where each image is to be copied from.
 *
 * What has not been built is left out; the tags of the others are not.
 * @throws {Invalid} subject `builds` or `descriptor`, before the first document, for builds without an image of their own
 *   architecture, and for images that do not say where they are.
 */
export async function* deployDocuments(
  builds: AsyncIterable<ListedBuild> | Iterable<ListedBuild>,
  { arch }: DeployOptions = {},
): AsyncGenerator<Ordered> {
  // Images are kept as text: there are as many as there are builds, and objects take four times the space.
  const images: string[] = [];
  const wanted = new Map<string, Wish>();
  for await (const build of builds) {
    if (build.resolved === undefined || (arch !== undefined && build.arch !== arch)) continue;
    const own = imagesOf(build).map((image) => images.push(image) - 1);
    const tags = arch === undefined ? [...tagsOf(build), ...archTagsOf(build)] : archTagsOf(build);
    // Tags that wanted the same until now go on doing so, and share what they want.
    const extended = new Map<Wish | undefined, Wish>();
    for (const tag of tags) {
      const before = wanted.get(tag);
      const wish = extended.get(before) ?? { before, images: own };
      extended.set(before, wish);
      wanted.set(before === undefined ? detachString(tag) : tag, wish);
    }
  }
  for (const { refs, order } of indexes(images, wanted))
    yield document(
      refs,
      order.map((number) => parsed(images[number])),
    );
}

/** The images that a tag wants, by their numbers: those of one build, and those of builds before it. */
interface Wish {
  readonly before: Wish | undefined;
  readonly images: readonly number[];
}

function imagesWanted(wish: Wish): readonly number[] {
  const lists: (readonly number[])[] = [];
  for (let here: Wish | undefined = wish; here !== undefined; here = here.before) lists.push(here.images);
  return lists.reverse().flat();
}

interface Index {
  readonly refs: string[];
  /** The numbers of the images, in the canonical order. */
  readonly order: readonly number[];
}

/** The tags that want the same digests, together; of equal ones, the first decides what else is said of the images. */
function indexes(images: readonly string[], wanted: ReadonlyMap<string, Wish>): Iterable<Index> {
  const byDigests = new Map<string, Index>();
  const byWish = new Map<Wish, Index>();
  for (const [tag, wish] of wanted) {
    let index = byWish.get(wish);
    if (index === undefined) {
      const numbers = new Map(imagesWanted(wish).map((number) => [parsed(images[number]), number]));
      const manifests = sortManifests([...numbers.keys()]);
      const digests = manifests.map(digestOf).join();
      index = byDigests.get(digests) ?? {
        refs: [],
        order: manifests.map((manifest) => numbers.get(manifest) as number),
      };
      byDigests.set(digests, index);
      byWish.set(wish, index);
    }
    index.refs.push(tag);
  }
  return byDigests.values();
}

/** The images of a build, and their attestations: each in the canonical form, as text. */
function imagesOf({ at, arch }: ListedBuild): readonly string[] {
  const list = ['build', 'resolved', 'manifests'];
  const manifests = at.list(...list).flatMap((manifest, number) => {
    const place = [...list, number];
    if (!isOrderedObject(manifest)) throw at.wrong('want a descriptor', ...place);
    // Whoever builds for one architecture must not be able to publish for another. The jq program of meta-scripts means
    // to ask this too; by the precedence of its operators it asks whether there is an annotation at all.
    if (at.findText(...place, 'annotations', keys.bashbrewArch) !== arch) return [];
    at.text(...place, 'digest');
    at.text(...place, 'annotations', keys.refName);
    return [canonicalDescriptor(manifest, at.pointer(...place))];
  });
  if (manifests.length === 0)
    throw at.wrong(
      `there is no image for ${arch}: an index of nothing would take the place of its tags`,
      ...list,
    );
  // Here the build can still be named.
  sortManifests(manifests, at.pointer(...list));
  return manifests.map(compact);
}

function document(refs: readonly string[], manifests: readonly OrderedObject[]): Ordered {
  const docker = manifests[0]?.get('mediaType') === mediaTypes.dockerManifest;
  return new Map<string, Ordered>([
    ['type', 'manifest'],
    ['refs', refs],
    ['lookup', new Map(manifests.map((manifest) => [digestOf(manifest), sourceOf(manifest)]))],
    [
      'data',
      new Map<string, Ordered>([
        ['schemaVersion', new JsonNumber('2')],
        ['mediaType', docker ? mediaTypes.dockerList : mediaTypes.ociIndex],
        ['manifests', manifests.map(withoutSource)],
      ]),
    ],
  ]);
}

function digestOf(manifest: OrderedObject): string {
  return manifest.get('digest') as string;
}

/** Where it is to be found, without the digest. */
function sourceOf(manifest: OrderedObject): string {
  const name = (manifest.get('annotations') as OrderedObject).get(keys.refName) as string;
  const digest = `@${digestOf(manifest)}`;
  return name.endsWith(digest) ? name.slice(0, -digest.length) : name;
}

/** Where it was found is said for the copying, and is nobody's business afterwards. */
function withoutSource(manifest: OrderedObject): OrderedObject {
  const annotations = new Map(manifest.get('annotations') as OrderedObject);
  annotations.delete(keys.refName);
  return new Map([...manifest, ['annotations', annotations]]);
}

function compact(manifest: OrderedObject): string {
  return formatJson(manifest, { compact: true });
}

function parsed(text = '{}'): OrderedObject {
  return parseOrdered(text) as OrderedObject;
}
