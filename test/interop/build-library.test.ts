import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  build,
  contentService,
  openDaemon,
  type Attachable,
  type BuildOptions,
  type BuildResult,
  type Daemon,
  type ImageSource,
} from '../../src/buildkit/index.ts';
import { digestOf, parsePlatform, type Digest } from '../../src/oci/index.ts';
import type { Content, Registry } from '../../src/registry/index.ts';
import { singleLayout } from '../../src/store/layout/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { fileSync } from '../../src/buildkit/files/file-sync.ts';
import { buildTests, type Builder } from './builder.ts';

const builds = buildTests();
const MiB = 1024 * 1024;
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';

/** Opens the engine of these tests from here. */
async function withDaemon<T>({ docker }: Builder, run: (daemon: Daemon) => Promise<T>): Promise<T> {
  const daemon = await openDaemon({ address: docker.env['DOCKER_HOST'] ?? '', kind: 'docker' });
  try {
    return await run(daemon);
  } finally {
    await daemon.close();
  }
}

/** `FROM base`, with an image for it. */
function buildFrom(
  builder: Builder,
  source: ImageSource,
  options: Partial<BuildOptions> = {},
): Promise<BuildResult> {
  return withDaemon(builder, (daemon) =>
    build({
      daemon,
      dockerfile: { text: 'FROM base\nENV TOP=yes\n' },
      contexts: [{ name: 'base', source }],
      ...options,
    }),
  );
}

/** A registry in memory, into which anything can be put, also what no registry takes for a manifest. */
function shelf(): {
  readonly source: (digest: Digest) => ImageSource;
  blob(value: unknown): Promise<{ digest: Digest; size: number }>;
  manifest(mediaType: string, value: object): Promise<{ mediaType: string; digest: Digest; size: number }>;
} {
  const registry = memoryRegistry();
  const bytesOf = (value: unknown): Uint8Array =>
    new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
  return {
    source: (digest) => ({ registry, repository: 'x', digest }),
    async blob(value) {
      const bytes = bytesOf(value);
      const descriptor = { digest: digestOf(bytes), size: bytes.length };
      await registry.pushBlob('x', descriptor, bytes);
      return descriptor;
    },
    async manifest(mediaType, value) {
      const bytes = bytesOf({ schemaVersion: 2, mediaType, ...value });
      await registry.pushManifest('x', bytes, { mediaType });
      return { mediaType, digest: digestOf(bytes), size: bytes.length };
    },
  };
}

/** An image without layers, in memory. */
async function emptyImage(
  into: ReturnType<typeof shelf>,
  env: string,
): Promise<{ digest: Digest; size: number; mediaType: string }> {
  const config = await into.blob({
    architecture: 'amd64',
    os: 'linux',
    config: { Env: [env] },
    rootfs: { type: 'layers', diff_ids: [] },
  });
  return into.manifest(MANIFEST, { config: { mediaType: CONFIG, ...config }, layers: [] });
}

builds(
  'an image in memory, in an index in an index, is found by its platform [layout 26]',
  [],
  async (builder) => {
    const memory = shelf();
    const image = await emptyImage(memory, 'DEEP=yes');
    const platform = { os: 'linux', architecture: 'amd64' };
    const inner = await memory.manifest(INDEX, { manifests: [{ ...image, platform }] });
    const outer = await memory.manifest(INDEX, { manifests: [inner] });
    const source = memory.source(outer.digest);
    await buildFrom(builder, source, { platforms: [parsePlatform('linux/amd64')] });
    const other = buildFrom(builder, source, { platforms: [parsePlatform('linux/s390x')] });
    await expect(other).rejects.toThrow(/no match for platform/);
  },
);

builds('what is no image is told of by the builder [layout 27-29]', [], async (builder) => {
  const memory = shelf();
  const config = await memory.blob({
    architecture: 'amd64',
    os: 'linux',
    config: {},
    rootfs: { type: 'layers', diff_ids: [] },
  });
  await expect(buildFrom(builder, memory.source(config.digest))).rejects.toThrow(
    /failed to resolve source metadata/,
  );
  const text = await memory.blob('this is no JSON');
  await expect(buildFrom(builder, memory.source(text.digest))).rejects.toThrow(
    /neither an index nor a manifest/,
  );
  const both = await memory.blob({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: CONFIG, ...config },
    layers: [],
    manifests: [],
    extra: 1,
  });
  await expect(buildFrom(builder, memory.source(both.digest))).rejects.toThrow(
    /ambiguous manifest and manifest list/,
  );
});

builds('the tag is for people: the digest says which image it is [layout 32]', [], async (builder) => {
  const memory = shelf();
  const { digest } = await emptyImage(memory, 'A=b');
  await buildFrom(builder, { ...memory.source(digest), tag: 'not-there' });
});

builds('a digest that is not there is told of [layout 21]', [], async (builder) => {
  const none = digestOf(new TextEncoder().encode('none'));
  await expect(buildFrom(builder, shelf().source(none))).rejects.toThrow(/not found/);
});

/** Asks for `FROM base` of a content store that may not be there. @param services undefined: there is no session */
function solveRaw(builder: Builder, services: readonly Attachable[] | undefined): Promise<unknown> {
  return withDaemon(builder, async (daemon) => {
    const folder = builder.stage.newFolder('raw');
    await mkdir(folder);
    await writeFile(join(folder, 'Dockerfile'), 'FROM base\n');
    const folders = new Map([
      ['context', folder],
      ['dockerfile', folder],
    ]);
    const session = services && (await daemon.session([fileSync(folders), ...services]));
    const base = `oci-layout://nostore@${digestOf(randomBytes(8))}`;
    try {
      return await daemon.solve({
        ref: randomBytes(8).toString('hex'),
        session: session?.id ?? 'nobody',
        frontend: 'dockerfile.v0',
        frontendAttrs: { filename: 'Dockerfile', 'context:base': base },
      });
    } finally {
      await session?.close();
    }
  });
}

builds('a builder says what it misses in a session [layout 33-35]', [], async (builder) => {
  await expect(solveRaw(builder, [contentService(new Map())])).rejects.toThrow(
    /unknown store oci:nostore: not found/,
  );
  await expect(solveRaw(builder, [])).rejects.toThrow(/unknown service containerd|Unimplemented|404/i);
  await expect(solveRaw(builder, undefined)).rejects.toThrow(/no active session for nobody/);
});

builds('no byte of a layout is read that is not needed, and none twice', [], async (builder) => {
  const layout = singleLayout(builder.stage.newFolder('layout'));
  const blob = async (bytes: Uint8Array): Promise<{ digest: Digest; size: number }> => {
    const descriptor = { digest: digestOf(bytes), size: bytes.length };
    await layout.pushBlob('layout', descriptor, bytes);
    return descriptor;
  };
  const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  /** Of bytes that the builder has never seen. @returns what it is described by, and the blobs that are in it */
  const makeImage = async (architecture: string) => {
    const layer = await blob(randomBytes(5 * MiB));
    const rootfs = { type: 'layers', diff_ids: [layer.digest] };
    const config = await blob(json({ architecture, os: 'linux', config: {}, rootfs }));
    const bytes = json({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: CONFIG, ...config },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', ...layer }],
    });
    await layout.pushManifest('layout', bytes, { mediaType: MANIFEST });
    const descriptor = { mediaType: MANIFEST, digest: digestOf(bytes), size: bytes.length };
    return {
      entry: { ...descriptor, platform: { os: 'linux', architecture } },
      parts: [descriptor, config, layer],
    };
  };
  const [amd64, arm64] = [await makeImage('amd64'), await makeImage('arm64')];
  const index = json({ schemaVersion: 2, mediaType: INDEX, manifests: [amd64.entry, arm64.entry] });
  await layout.pushManifest('layout', index, { mediaType: INDEX, tags: ['1'] });
  const digest = digestOf(index);

  const { registry, read } = counting(layout);
  const to = memoryRegistry();
  const output = { type: 'registry', registry: to, repository: 'out', tags: ['1'] } as const;
  const platforms = [parsePlatform('linux/amd64')];
  const once = (): Promise<BuildResult> =>
    buildFrom(builder, { registry, repository: 'layout', digest }, { platforms, outputs: [output] });
  const { digest: built } = await once();
  expect((await to.resolveManifest('out', '1')).digest).toBe(built);
  const needed = new Map([
    [digest, index.length],
    ...amd64.parts.map((part) => [part.digest, part.size] as const),
  ]);
  expect(read).toEqual(needed);

  await once();
  const layer = amd64.parts[2];
  expect(read.get(layer?.digest ?? digest), 'what the builder has, it does not ask for').toBe(layer?.size);
});

/** Counts the bytes that are read, by digest. */
function counting(registry: Registry): {
  readonly registry: Registry;
  readonly read: ReadonlyMap<string, number>;
} {
  const read = new Map<string, number>();
  const count = (content: Content): Content => {
    const { digest } = content.descriptor;
    const add = (bytes: Uint8Array): void => void read.set(digest, (read.get(digest) ?? 0) + bytes.length);
    return {
      ...content,
      async *[Symbol.asyncIterator]() {
        for await (const chunk of content) {
          add(chunk);
          yield chunk;
        }
      },
      async bytes(limit) {
        const bytes = await content.bytes(limit);
        add(bytes);
        return bytes;
      },
      async json<T>(limit?: number) {
        const bytes = await content.bytes(limit);
        add(bytes);
        return JSON.parse(new TextDecoder().decode(bytes)) as T;
      },
    };
  };
  return {
    read,
    registry: {
      ...registry,
      getBlob: async (...args) => count(await registry.getBlob(...args)),
      getManifest: async (...args) => count(await registry.getManifest(...args)),
    },
  };
}
