import type { Descriptor } from '../oci/index.ts';
import { namesOf } from './entry-names.ts';
import type { NameIndex } from './name-index.ts';
import { ambiguous, type Asked } from './unresolved.ts';

/**
 * Whose answer is wanted:
 *
 * - `buildkit`: BuildKit's `ociindex.Get`, as its local cache uses it;
 * - `buildkit-3118`: the proposal for full names of moby/buildkit pull request 3118, which was not taken;
 * - `buildx`: a named context `oci-layout://PATH[:TAG]`;
 * - `skopeo`: also podman and buildah, `oci:PATH[:REF]`;
 * - `oras`: `--oci-layout PATH:TAG`; `regctl`: `ocidir://PATH[:TAG]`; `umoci`: `--image PATH[:TAG]`;
 * - `crane`: `crane push PATH`, which takes a layout of one image and knows no names;
 * - `containerd`: the names that `ctr images import` gives.
 */
export type Compatibility =
  'buildkit' | 'buildkit-3118' | 'buildx' | 'skopeo' | 'oras' | 'regctl' | 'umoci' | 'crane' | 'containerd';

/**
 * What another tool finds; undefined where it finds nothing. None of them reads a name as anything but its letters.
 * @throws {RegistryError} `REFERENCE_AMBIGUOUS` where the tool refuses to choose.
 */
export type Finder = (index: NameIndex, asked: Asked, place: string) => Descriptor | undefined;

const buildkit: Finder = (index, { text = 'latest' }) => index.image(text)[0] ?? index.ref(text)[0];

/** The single entry is taken whatever was asked for, a wrong tag too. */
const buildx: Finder = (index, asked, place) => buildkit(index, asked, place) ?? theOnlyEntry(index);

/** With a tag, whatever ends in it; with a name, that name in full. The last one wins, as its loop goes on. */
const proposal: Finder = ({ entries }, { name, text = '' }) =>
  entries.findLast((entry) => {
    const { image = '', ref = '' } = namesOf(entry);
    // It did not add `latest`, though it said that it would.
    const full = name && (name.text.endsWith(`:${name.tag}`) ? name.canonical : untagged(name.canonical));
    if (full !== undefined) return image === full || ref === full;
    return image.endsWith(`:${text}`) || ref.endsWith(`:${text}`) || ref === text;
  });

const skopeo: Finder = (index, asked, place) => {
  if (asked.text !== undefined) return index.ref(asked.text)[0];
  if (index.entries.length > 1) throw ambiguous(index.entries, asked, place);
  return index.entries[0];
};

/** A map from names to entries, in which the last one stays. Nothing is a missing reference. */
const oras: Finder = (index, { text }) => (text === undefined ? undefined : index.ref(text).at(-1));

const regctl: Finder = ({ entries, ref }, { text = 'latest' }) =>
  ref(text)[0] ?? entries.find((entry) => namesOf(entry).ref?.endsWith(`:${text}`));

/** Two entries of one name are refused even where they are the same image. */
const umoci: Finder = (index, asked, place) => {
  const { text = 'latest' } = asked;
  const found = index.ref(text);
  if (found.length > 1) throw ambiguous(found, { ...asked, text }, place);
  return found[0];
};

const crane: Finder = (index, asked, place) => {
  if (index.entries.length > 1) throw ambiguous(index.entries, asked, place);
  return index.entries[0];
};

/**
 * All images are imported, and the last of those that get one name keeps it. What has no full name gets its `ref.name`,
 * if that looks like more than a tag; a tag comes behind the name that is given at the import, whatever that is.
 */
const containerd: Finder = ({ entries, image, ref }, asked, place) => {
  const { text, tag } = asked;
  if (text === undefined) {
    if (entries.length > 1) throw ambiguous(entries, asked, place);
    return entries[0];
  }
  const isTagLike = !/[/:@]/.test(text);
  const byRef = isTagLike === (tag !== undefined) ? ref(text).filter((entry) => !namesOf(entry).image) : [];
  const found = new Set([...(tag === undefined ? image(text) : []), ...byRef]);
  return found.size < 2 ? [...found][0] : entries.findLast((entry) => found.has(entry));
};

/** How each tool finds an image. */
export const compatibilities: Readonly<Record<Compatibility, Finder>> = {
  buildkit,
  'buildkit-3118': proposal,
  buildx,
  skopeo,
  oras,
  regctl,
  umoci,
  crane,
  containerd,
};

function theOnlyEntry({ entries }: NameIndex): Descriptor | undefined {
  return entries.length === 1 ? entries[0] : undefined;
}

function untagged(canonical: string): string {
  return canonical.slice(0, canonical.lastIndexOf(':'));
}
