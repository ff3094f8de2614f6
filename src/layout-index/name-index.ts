import { annotations, type Descriptor, type Digest } from '../oci/index.ts';
import { namesOf, tagAtEnd, tagOf } from './entry-names.ts';

/**
 * The entries of one version of an `index.json`, by all that they are looked for by. Each map is made when it is first
 * asked, so that whoever asks for one of 100,000 waits no longer than for reading them, and nobody waits again.
 */
export interface NameIndex {
  readonly entries: readonly Descriptor[];
  /** Entries of a digest, in order, as all that follow. */
  digest(digest: Digest): readonly Descriptor[];
  /** Entries whose `io.containerd.image.name` is this text. */
  image(text: string): readonly Descriptor[];
  /** Entries whose `org.opencontainers.image.ref.name` is this text. */
  ref(text: string): readonly Descriptor[];
  /** Entries one of whose names, which is longer, ends in this tag. */
  end(tag: string): readonly Descriptor[];
}

/** Most keys have one entry, and lists for each would double what the maps take up. */
type Buckets = Map<string, Descriptor | Descriptor[]>;

const NONE: readonly Descriptor[] = [];

/**
 * Makes an index over entries. It costs nothing before it is asked.
 * @param entries they are not to change any more
 */
export function createNameIndex(entries: readonly Descriptor[]): NameIndex {
  const digests = lazily((add) => {
    for (const entry of entries) add(entry.digest, entry);
  });
  const images = byText(entries, annotations.imageName);
  const refs = byText(entries, annotations.refName);
  const ends = lazily((add) => {
    for (const entry of entries) {
      const { image, ref } = namesOf(entry);
      const first = image === undefined ? undefined : tagAtEnd(image);
      const second = ref === undefined ? undefined : tagAtEnd(ref);
      if (first !== undefined) add(first, entry);
      if (second !== undefined && second !== first) add(second, entry);
    }
  });
  return {
    entries,
    digest: (digest) => listed(digests(), digest),
    image: images,
    ref: refs,
    end: (tag) => listed(ends(), tag),
  };
}

/**
 * Entries by the text of an annotation. Tags and names have maps of their own: who asks for a tag needs none of all the
 * names, which is half of what there is to do, and the other way round.
 */
function byText(entries: readonly Descriptor[], key: string): (text: string) => readonly Descriptor[] {
  const [words, names] = [true, false].map((wanted) =>
    lazily((add) => {
      for (const entry of entries) {
        const text = entry.annotations?.[key];
        if (text !== undefined && isWord(text) === wanted) add(text, entry);
      }
    }),
  ) as [() => Buckets, () => Buckets];
  return (text) => listed(isWord(text) ? words() : names(), text);
}

function isWord(text: string): boolean {
  return !text.includes(':') && !text.includes('/');
}

function lazily(fill: (add: (key: string, entry: Descriptor) => void) => void): () => Buckets {
  let buckets: Buckets | undefined;
  return () => {
    if (buckets !== undefined) return buckets;
    const made: Buckets = new Map();
    fill((key, entry) => {
      const there = made.get(key);
      if (there === undefined) made.set(key, entry);
      else if (Array.isArray(there)) there.push(entry);
      else made.set(key, [there, entry]);
    });
    buckets = made;
    return made;
  };
}

function listed(buckets: Buckets, key: string): readonly Descriptor[] {
  const found = buckets.get(key);
  return found === undefined ? NONE : Array.isArray(found) ? found : [found];
}

/** All tags by which something is found, by one or by several, in no order. */
export function tagsOf(entries: readonly Descriptor[]): ReadonlySet<string> {
  const tags = new Set<string>();
  for (const entry of entries) {
    const { image, ref } = namesOf(entry);
    const own = tagOf(entry);
    if (own !== undefined) tags.add(own);
    for (const name of [image, ref]) {
      const tag = name === undefined ? undefined : tagAtEnd(name);
      if (tag !== undefined) tags.add(tag);
    }
  }
  return tags;
}
