import { digestOf, mediaTypes, type Descriptor, type Digest } from '../../src/oci/index.ts';
import { collect, intercept, type Operation, type Registry } from '../../src/registry/index.ts';

/** An entry of an index, where there is more to say than which manifest it is. */
export interface Entry {
  readonly of: string;
  readonly [field: string]: unknown;
}

/** A manifest, with the names of things in place of their descriptors. */
export interface ManifestPlan {
  readonly config?: string | Entry;
  readonly layers?: readonly (string | Entry)[];
  readonly manifests?: readonly (string | Entry)[];
  readonly subject?: string;
  readonly mediaType?: string;
  readonly [field: string]: unknown;
}

/** What there is to be copied, described: names, from the bottom up. */
export interface Plan {
  /** By name; each is a layer unless its type is given. */
  readonly blobs?: Readonly<
    Record<string, string | { readonly text: string | Uint8Array; readonly mediaType: string }>
  >;
  /** By name. Only what stands above can be referred to. In annotations `@name` is that thing's digest. */
  readonly manifests?: Readonly<Record<string, ManifestPlan>>;
}

/** A thing of the graph. */
export interface Node {
  readonly kind: 'blob' | 'manifest';
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
}

export interface Graph {
  readonly nodes: ReadonlyMap<string, Node>;
  digest(name: string): Digest;
  descriptor(name: string): Descriptor;
  bytes(name: string): Uint8Array;
  /** Any text or object, its digests replaced by names. */
  named<T>(value: T): T;
  /** Pushes everything but what is left out. */
  push(registry: Registry, repository: string, options?: PushOptions): Promise<void>;
  /** The names of those things that a registry has as they should be, in order. */
  held(registry: Registry, repository: string): Promise<readonly string[]>;
}

export interface PushOptions {
  readonly tags?: Readonly<Record<string, string>>;
  readonly without?: readonly string[];
}

/** Writes documents for a plan, and fills the digests in. */
export function graph({ blobs = {}, manifests = {} }: Plan): Graph {
  const nodes = new Map<string, Node>();
  const node = (name: string): Node => {
    const found = nodes.get(name);
    if (found === undefined) throw new Error(`the plan has no "${name}" so far`);
    return found;
  };
  const add = (name: string, kind: Node['kind'], bytes: Uint8Array, mediaType: string): void =>
    void nodes.set(name, {
      kind,
      bytes,
      descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length },
    });
  const entry = (of: string | Entry): object => {
    if (typeof of === 'string') return node(of).descriptor;
    const { of: name, ...more } = of;
    return { ...node(name).descriptor, ...more };
  };

  for (const [name, blob] of Object.entries(blobs)) {
    const { text, mediaType } =
      typeof blob === 'string' ? { text: blob, mediaType: 'application/vnd.oci.image.layer.v1.tar' } : blob;
    add(name, 'blob', typeof text === 'string' ? Buffer.from(text) : text, mediaType);
  }
  for (const [name, plan] of Object.entries(manifests)) {
    const { config, layers, manifests: children, subject, mediaType, ...rest } = plan;
    const type = mediaType ?? (children === undefined ? mediaTypes.ociManifest : mediaTypes.ociIndex);
    const document = {
      schemaVersion: 2,
      mediaType: type,
      ...(config !== undefined && { config: entry(config) }),
      ...(layers !== undefined && { layers: layers.map(entry) }),
      ...(children !== undefined && { manifests: children.map(entry) }),
      ...(subject !== undefined && { subject: node(subject).descriptor }),
      ...rest,
    };
    const text = JSON.stringify(document, null, 2).replaceAll(
      /"@([\w-]+)"/g,
      (_, other: string) => `"${node(other).descriptor.digest}"`,
    );
    add(name, 'manifest', Buffer.from(text), type);
  }

  return {
    nodes,
    digest: (name) => node(name).descriptor.digest,
    descriptor: (name) => node(name).descriptor,
    bytes: (name) => node(name).bytes,
    named: <T>(value: T): T => {
      let text = JSON.stringify(value);
      for (const [name, { descriptor }] of nodes) text = text.replaceAll(descriptor.digest, name);
      return JSON.parse(text) as T;
    },
    async push(registry, repository, { tags = {}, without = [] } = {}) {
      for (const [name, { kind, bytes, descriptor }] of nodes) {
        if (without.includes(name)) continue;
        const own = Object.keys(tags).filter((tag) => tags[tag] === name);
        if (kind === 'blob') await registry.pushBlob(repository, descriptor, bytes);
        else await registry.pushManifest(repository, bytes, { mediaType: descriptor.mediaType, tags: own });
      }
    },
    async held(registry, repository) {
      const names: string[] = [];
      for (const [name, { kind, bytes, descriptor }] of nodes) {
        const read = kind === 'blob' ? registry.getBlob : registry.getManifest;
        const got = await read(repository, descriptor.digest).then(collect, () => undefined);
        if (got !== undefined && Buffer.compare(got, bytes) === 0) names.push(name);
      }
      return names;
    },
  };
}

/** A registry that notes what it is asked, as `name reference`, with the graph's names; and its notes. */
export function noting(registry: Registry, { named }: Graph): { registry: Registry; notes: string[] } {
  const notes: string[] = [];
  return {
    notes,
    registry: intercept(registry, (operation, next) => {
      notes.push(named(lineOf(operation)));
      return next(operation);
    }),
  };
}

function lineOf(operation: Operation): string {
  switch (operation.name) {
    case 'getBlob':
    case 'resolveBlob':
    case 'deleteBlob':
    case 'mountBlob':
    case 'referrers':
      return `${operation.name} ${operation.digest}`;
    case 'getManifest':
    case 'resolveManifest':
    case 'deleteManifest':
      return `${operation.name} ${operation.reference}`;
    case 'pushBlob':
      return `pushBlob ${operation.descriptor.digest}`;
    case 'pushManifest':
      return `pushManifest ${[digestOf(operation.bytes), ...(operation.options.tags ?? [])].join(' ')}`;
    case 'startUpload':
    case 'repositories':
    case 'tags':
      return operation.name;
  }
}

const config = (os: string, architecture: string, more: object = {}) => ({
  text: JSON.stringify({ architecture, os, ...more }),
  mediaType: mediaTypes.ociConfig,
});

/** An index of two images that share a layer, one with an attestation: what most public images look like. */
export const multi: Graph = graph({
  blobs: {
    shared: 'a layer that both have',
    'amd-config': config('linux', 'amd64'),
    'amd-layer': 'a layer of amd64',
    'arm-config': config('linux', 'arm64'),
    'arm-layer': 'a layer of arm64',
    'att-config': { text: '{"architecture":"unknown","os":"unknown"}', mediaType: mediaTypes.ociConfig },
    'att-layer': { text: '{"predicate":1}', mediaType: 'application/vnd.in-toto+json' },
  },
  manifests: {
    amd: { config: 'amd-config', layers: ['shared', 'amd-layer'] },
    arm: { config: 'arm-config', layers: ['shared', 'arm-layer'] },
    att: { config: 'att-config', layers: ['att-layer'] },
    index: {
      manifests: [
        { of: 'amd', platform: { architecture: 'amd64', os: 'linux' } },
        { of: 'arm', platform: { architecture: 'arm64', os: 'linux', variant: 'v8' } },
        {
          of: 'att',
          annotations: {
            'vnd.docker.reference.digest': '@amd',
            'vnd.docker.reference.type': 'attestation-manifest',
          },
          platform: { architecture: 'unknown', os: 'unknown' },
        },
      ],
    },
  },
});
