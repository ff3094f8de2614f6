/**
 * The data sets: images, indexes and artifacts of every shape that a registry must take.
 * Names follow the official suite's. No URL leads out of the loopback addresses.
 * @see https://github.com/opencontainers/distribution-spec/tree/main/conformance
 */
import { contentOf, randomContent, word, type Algorithm, type Content } from './content.ts';
import * as documents from './documents.ts';
import { describe, nobody, type Descriptor, type Document, type Extras } from './documents.ts';
import {
  CONFIG,
  EMPTY_JSON,
  FOREIGN_LAYER,
  FOREIGN_LAYER_GZIP,
  LAYER_GZIP,
  STRANGE,
  STRANGER,
} from './mediatype.ts';

/** What must become of a manifest: `sparse` ones may also be refused with MANIFEST_BLOB_UNKNOWN. */
export type Fate = 'accepted' | 'sparse' | 'bad digest';

/** A set that is pushed, looked at from all sides, and deleted. */
export class DataSet {
  readonly name: string;
  /** By digest: what is pushed first. */
  readonly blobs: Map<string, Content> = new Map();
  /** In the order in which they are pushed: children before parents. */
  readonly manifests: Document[] = [];
  readonly tags: Map<string, Document> = new Map();
  readonly fates: Map<Document, Fate> = new Map();
  /** Tags go with the manifest, as `tag=` parameters. */
  readonly tagParameters: boolean;

  constructor(name: string, { tagParameters = false }: { readonly tagParameters?: boolean } = {}) {
    this.name = name;
    this.tagParameters = tagParameters;
  }

  fate(document: Document): Fate {
    return this.fates.get(document) ?? 'accepted';
  }

  blob(content: Content, mediaType: string, more?: Partial<Descriptor>): Descriptor {
    this.blobs.set(content.digest, content);
    return describe(content, mediaType, more);
  }

  manifest(document: Document, tag?: string): Descriptor {
    this.manifests.push(document);
    if (tag !== undefined) this.tags.set(`${tag}-${word()}`, document);
    return describe(document, document.mediaType);
  }

  /** An image with two layers, unless said otherwise. */
  image(options: Image = {}): Descriptor {
    const { layers = 2, architecture = 'amd64', algorithm, tag } = options;
    const data = ({ bytes }: Content): Partial<Descriptor> =>
      options.data === true ? { data: bytes.toString('base64') } : {};
    const parts = Array.from({ length: layers }, () => documents.layer(algorithm, options.compressed));
    const configuration = documents.config(
      architecture,
      parts.map(({ diffId }) => diffId),
      options,
    );
    const listed = parts.map(({ blob, mediaType }) => this.blob(blob, mediaType, data(blob)));
    const config = this.blob(configuration, CONFIG, data(configuration));
    return this.manifest(documents.imageManifest(config, listed, options), tag);
  }

  /** An artifact: an empty config, and one layer of some type of its own. */
  artifact({ tag, layer, ...extras }: Artifact): Descriptor {
    const config = this.blob(contentOf('{}', extras.algorithm), EMPTY_JSON);
    const one = layer ?? this.blob(randomContent(100, extras.algorithm), STRANGE);
    return this.manifest(documents.imageManifest(config, [one], extras), tag);
  }

  /** An index of two images, unless it is given its members. */
  index(
    options: Extras & { readonly tag?: string; readonly members?: readonly Descriptor[] } = {},
  ): Descriptor {
    const { algorithm, customField } = options;
    const of = (architecture: string): Descriptor => ({
      ...this.image({ architecture, algorithm, customField }),
      platform: { os: 'linux', architecture },
    });
    const members = options.members ?? [of('amd64'), of('arm64')];
    return this.manifest(documents.index(members, options), options.tag);
  }
}

interface Image extends Extras {
  readonly layers?: number;
  readonly architecture?: string;
  readonly compressed?: boolean;
  /** The bytes are in the descriptors too. */
  readonly data?: boolean;
  readonly tag?: string;
}

interface Artifact extends Extras {
  readonly layer?: Descriptor;
  readonly tag?: string;
}

/** The sets, made anew. */
export function dataSets(): DataSet[] {
  const make = (
    name: string,
    fill: (set: DataSet) => void,
    options?: { readonly tagParameters: boolean },
  ): DataSet => {
    const set = new DataSet(name, options);
    fill(set);
    return set;
  };
  const large = Object.fromEntries(Array.from({ length: 390 }, (_, i) => [`large-${i}`, 'A'.repeat(10_000)]));
  return [
    make('image', (set) => set.image({ tag: 'image' })),
    make('image-uncompressed', (set) => set.image({ tag: 'uncompressed', compressed: false })),
    make('large-manifest', (set) => set.image({ tag: 'large', annotations: large })),
    make('index', (set) => set.index({ tag: 'index' })),
    make('nested-index', (set) => set.index({ tag: 'nested', members: [set.index(), set.index()] })),
    make('empty-index', (set) => set.index({ tag: 'empty', members: [] })),
    make('artifact', (set) => set.artifact({ tag: 'artifact', artifactType: STRANGE })),
    make('artifact-index', artifactIndex),
    make('artifact-without-layers', artifactWithoutLayers),
    make('artifacts-with-subject', artifactsWithSubject),
    make('index-with-subject', indexWithSubject),
    make('missing-subject', (set) =>
      set.artifact({ tag: 'lost', artifactType: STRANGE, subject: nobody(), annotations: annotations() }),
    ),
    make('data-field', (set) => set.image({ tag: 'data', data: true })),
    make('non-distributable-layers', nonDistributable),
    make('custom-fields', (set) => set.index({ tag: 'custom', customField: true })),
    make('no-layers', (set) => set.image({ tag: 'no-layers', layers: 0 })),
    make('sparse', sparse),
    make('sha512', (set) => set.index({ algorithm: 'sha512' })),
    make('tag-param-sha256', (set) => tagged(set, 'sha256'), { tagParameters: true }),
    make('tag-param-sha512', (set) => tagged(set, 'sha512'), { tagParameters: true }),
    make('bad-digest-image', badDigest),
  ];
}

function annotations(): Record<string, string> {
  return { 'org.example.greeting': 'hello', 'org.example.empty': '', [`org.example.${word()}`]: word() };
}

function artifactIndex(set: DataSet): void {
  const members = [set.artifact({ artifactType: STRANGE }), set.artifact({ artifactType: STRANGER })];
  set.index({ tag: 'artifact-index', artifactType: STRANGE, members });
}

function artifactWithoutLayers(set: DataSet): void {
  const empty = set.blob(contentOf('{}'), EMPTY_JSON);
  set.artifact({ tag: 'no-blob', artifactType: STRANGE, layer: empty, annotations: annotations() });
}

/** Referrers of an image: an image, whose type is its config's, and artifacts of two types. */
function artifactsWithSubject(set: DataSet): void {
  const subject = set.image({ tag: 'subject' });
  set.image({ subject });
  set.artifact({ tag: 'one', subject, artifactType: STRANGE, annotations: annotations() });
  set.artifact({ tag: 'two', subject, artifactType: STRANGER, annotations: annotations() });
}

/** Referrers of an index: an index with a type, and one without, which is listed without. */
function indexWithSubject(set: DataSet): void {
  const subject = set.index({ tag: 'subject' });
  const members = [set.artifact({ artifactType: STRANGE, annotations: annotations() })];
  set.index({ tag: 'typed', subject, artifactType: STRANGE, annotations: annotations(), members });
  set.index({ tag: 'untyped', subject, annotations: annotations(), members });
}

/** Two layers that nobody pushes, since they are to be had elsewhere, and one that is here. */
function nonDistributable(set: DataSet): void {
  const elsewhere = (mediaType: string): Descriptor => {
    const blob = randomContent(256);
    const encoded = blob.digest.slice('sha256:'.length);
    return describe(blob, mediaType, { urls: [`http://127.0.0.1:1/blobs/sha256/${encoded}`] });
  };
  const { blob, mediaType, diffId } = documents.layer();
  const foreign = [elsewhere(FOREIGN_LAYER_GZIP), elsewhere(FOREIGN_LAYER)];
  const ids = [randomContent(9).digest, String(foreign[1]?.digest), diffId];
  const config = set.blob(documents.config('amd64', ids), CONFIG);
  set.manifest(documents.imageManifest(config, [...foreign, set.blob(blob, mediaType)]), 'foreign');
}

/** An image whose layer is not there, and an index one of whose images is not there. */
function sparse(set: DataSet): void {
  const config = set.blob(documents.config('amd64', [randomContent(9).digest]), CONFIG);
  const absent = describe(randomContent(100), LAYER_GZIP);
  const image = documents.imageManifest(config, [absent]);
  set.manifest(image, 'sparse-image');
  const members = [set.image(), nobody()];
  const index = documents.index(members);
  set.manifest(index, 'sparse-index');
  set.fates.set(image, 'sparse').set(index, 'sparse');
}

function tagged(set: DataSet, algorithm: Algorithm): void {
  set.index({ algorithm, tag: `parameter-${algorithm}` });
  for (const document of set.manifests) set.tags.set(`parameter-${word()}`, document);
}

/** A manifest whose bytes are not those of its digest. */
function badDigest(set: DataSet): void {
  set.image();
  const right = set.manifests.pop();
  if (right === undefined) return;
  const wrong = { ...right, bytes: Buffer.concat([right.bytes, Buffer.from('  ')]) };
  set.manifest(wrong);
  set.fates.set(wrong, 'bad digest');
}
