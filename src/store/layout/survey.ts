import {
  childBlobs,
  childManifests,
  isImageType,
  isIndexType,
  isNonDistributable,
  type Descriptor,
  type Digest,
  type Manifest,
} from '../../oci/index.ts';
import { namesOf } from '../../layout-index/index.ts';

/** One descriptor, and where it stands. */
export interface Mention {
  readonly descriptor: Descriptor;
  /** The document that it stands in; `index.json`, if none. */
  readonly from: Digest | undefined;
  /** Where in the document: `/layers/0`. */
  readonly pointer: string;
  /** Whether it leads to something that need not be there: a subject. */
  readonly optional: boolean;
}

/** All descriptors of a layout, by what they lead to. */
export interface Survey {
  /** Notes a descriptor. @returns whether it is the first that calls what it leads to a document. */
  add(mention: Mention): boolean;
  has(digest: Digest): boolean;
  /** All that lead somewhere, in the order in which they were met. */
  mentions(digest: Digest): readonly Mention[];
  /** The first of them that calls it a document. */
  document(digest: Digest): Mention | undefined;
  /** All that is led to. */
  digests(): Iterable<Digest>;
  /** How one gets to a descriptor from `index.json`. */
  path(mention: Mention): readonly string[];
  /** The names of the entries that lead to something. */
  names(digest: Digest): readonly string[];
}

/** Begins with nothing: who reads the documents notes what stands in them. */
export function createSurvey(): Survey {
  const all = new Map<Digest, Mention[]>();
  const documents = new Map<Digest, Mention>();
  const mentions = (digest: Digest): readonly Mention[] => all.get(digest) ?? [];
  return {
    mentions,
    document: (digest) => documents.get(digest),
    has: (digest) => all.has(digest),
    add(mention) {
      const { digest } = mention.descriptor;
      const others = all.get(digest);
      if (others === undefined) all.set(digest, [mention]);
      else others.push(mention);
      if (!isDocument(mention) || documents.has(digest)) return false;
      documents.set(digest, mention);
      return true;
    },
    digests: () => all.keys(),
    path(mention) {
      const path: string[] = [];
      const seen = new Set<Digest>();
      for (let at: Mention | undefined = mention; at !== undefined;) {
        path.unshift(`${at.from ?? 'index.json'}${at.pointer}`);
        // Of those that go round in a circle, the first mention leads out of it.
        if (at.from === undefined || seen.has(at.from)) break;
        seen.add(at.from);
        at = mentions(at.from)[0];
      }
      return path;
    },
    names(digest) {
      const names = new Set<string>();
      const seen = new Set<Digest>();
      const wanted = [digest];
      for (let next = wanted.pop(); next !== undefined; next = wanted.pop()) {
        if (seen.has(next)) continue;
        seen.add(next);
        for (const { from, descriptor } of mentions(next)) {
          if (from !== undefined) {
            wanted.push(from);
            continue;
          }
          const { image, ref } = namesOf(descriptor);
          for (const name of [image, ref]) if (name !== undefined) names.add(name);
        }
      }
      return [...names];
    },
  };
}

/** Whether something is read as a document: it is called a manifest. */
export function isDocument({ descriptor: { mediaType } }: Mention): boolean {
  return isIndexType(mediaType) || isImageType(mediaType);
}

/**
 * Notes all descriptors of a document.
 * @param fresh is given the documents among them that were not known as such
 */
export function noteChildren(survey: Survey, from: Digest, manifest: Manifest, fresh: Set<Digest>): void {
  const note = (descriptor: Descriptor, pointer: string, optional = false): void => {
    if (survey.add({ descriptor, from, pointer, optional })) fresh.add(descriptor.digest);
  };
  const [config, ...layers] = childBlobs(manifest);
  if (config !== undefined) note(config, '/config');
  // Layers that may not be distributed are where their URLs say.
  for (const [at, layer] of layers.entries())
    note(layer, `/layers/${at}`, isNonDistributable(layer.mediaType));
  for (const [at, child] of childManifests(manifest).entries()) note(child, `/manifests/${at}`);
  if (manifest.subject !== undefined) note(manifest.subject, '/subject', true);
}
