import { createCipheriv, createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { cp, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect } from 'vitest';
import { tools } from './peers.ts';
import { run } from './processes.ts';
import type { Stage } from './stage.ts';

/** An image, or an index of images, in an OCI layout folder. */
export interface Layout {
  readonly directory: string;
  readonly tag: string;
  readonly digest: string;
}

export interface ImageOptions {
  readonly platforms?: number;
  readonly layers?: number;
  /** Of a layer, in bytes. */
  readonly size?: number;
  readonly seed?: number | string;
}

interface Entry {
  readonly digest: string;
  readonly mediaType?: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Document {
  readonly manifests?: readonly Entry[];
  readonly config?: Entry;
  readonly layers?: readonly Entry[];
}

/** A layout by make-image.mjs: the same options give the same bytes. */
export async function makeImage(
  { folder }: Stage,
  name: string,
  { platforms = 1, layers = 3, size = 50_000, seed = 1 }: ImageOptions = {},
): Promise<Layout> {
  const directory = join(folder, name);
  const flags = { platforms, layers, size, seed };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, String(value)]);
  const digest = await run(process.execPath, [join(tools, 'make-image.mjs'), directory, ...args]);
  return { directory, tag: 'latest', digest: digest.trim() };
}

/** An image of one large layer, written piece by piece. Nobody can unpack it. */
export async function makeLargeImage({ folder }: Stage, name: string, size: number): Promise<Layout> {
  const directory = join(folder, name);
  const blobs = join(directory, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const put = async (bytes: string): Promise<{ digest: string; size: number }> => {
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    await writeFile(join(blobs, digest.slice(7)), bytes);
    return { digest, size: bytes.length };
  };
  const hash = createHash('sha256');
  const random = createCipheriv('aes-128-ctr', Buffer.alloc(16, name), Buffer.alloc(16));
  const zeros = Buffer.alloc(1024 * 1024);
  const pieces = function* (): Generator<Buffer> {
    for (let left = size; left > 0; left -= zeros.length) {
      const piece = random.update(zeros.subarray(0, left));
      hash.update(piece);
      yield piece;
    }
  };
  const unnamed = join(directory, 'layer');
  await pipeline(Readable.from(pieces()), createWriteStream(unnamed));
  const layer = `sha256:${hash.digest('hex')}`;
  await rename(unnamed, join(blobs, layer.slice(7)));

  const type = 'application/vnd.oci.image';
  const config = await put(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [layer] },
    }),
  );
  const manifest = await put(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${type}.manifest.v1+json`,
      config: { mediaType: `${type}.config.v1+json`, ...config },
      layers: [{ mediaType: `${type}.layer.v1.tar`, digest: layer, size }],
    }),
  );
  const entry = {
    mediaType: `${type}.manifest.v1+json`,
    ...manifest,
    annotations: { 'org.opencontainers.image.ref.name': 'latest' },
  };
  await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  return { directory, tag: 'latest', digest: manifest.digest };
}

/** A layout as a tar that `docker load` and `ctr images import` take, which find the name of the image inside. */
export async function packLayout(stage: Stage, layout: Layout, reference: string): Promise<string> {
  const copy = join(stage.folder, `pack-${layout.digest.slice(7, 19)}`);
  await cp(layout.directory, copy, { recursive: true });
  const file = join(copy, 'index.json');
  const index = JSON.parse(await readFile(file, 'utf8')) as Document;
  const manifests = index.manifests?.map((entry) => ({
    ...entry,
    annotations: { 'io.containerd.image.name': reference },
  }));
  await writeFile(file, JSON.stringify({ ...index, manifests }));
  await stage.run('tar', '-C', copy, '-cf', `${copy}.tar`, '.');
  return `${copy}.tar`;
}

/** The layout in a tar that somebody else wrote. */
export async function unpackLayout(stage: Stage, tar: string): Promise<Layout> {
  const directory = `${tar}-unpacked`;
  await mkdir(directory);
  await stage.run('tar', '-C', directory, '-xf', tar);
  return readLayout(directory);
}

/** A layout that somebody else wrote. @param tag where the writer names none, the only entry that there is */
export async function readLayout(directory: string, tag?: string): Promise<Layout> {
  const { manifests = [] } = JSON.parse(await readFile(join(directory, 'index.json'), 'utf8')) as Document;
  const found = manifests.filter(
    ({ annotations }) => tag === undefined || annotations?.['org.opencontainers.image.ref.name'] === tag,
  );
  expect(found, `entries of ${tag ?? 'any name'} in ${directory}/index.json`).toHaveLength(1);
  return { directory, tag: tag ?? '', digest: found[0]?.digest ?? '' };
}

/** A manifest or a blob of an image. */
export interface Part {
  readonly kind: 'manifests' | 'blobs';
  readonly digest: string;
  readonly bytes: Buffer;
}

/** All parts of what is in a layout: children before their parents, each once. */
export async function partsOf(layout: Layout): Promise<readonly Part[]> {
  const parts = new Map<string, Part>();
  const add = async (kind: Part['kind'], digest: string): Promise<void> => {
    const bytes = await readFile(blobFile(layout.directory, digest));
    if (kind === 'manifests') {
      const { manifests = [], config, layers = [] } = JSON.parse(bytes.toString()) as Document;
      for (const child of manifests) await add('manifests', child.digest);
      for (const child of config === undefined ? layers : [config, ...layers])
        await add('blobs', child.digest);
    }
    parts.set(digest, { kind, digest, bytes });
  };
  await add('manifests', layout.digest);
  return [...parts.values()];
}

/** Where a layout has a blob. */
export function blobFile(directory: string, digest: string): string {
  return join(directory, 'blobs', digest.replace(':', '/'));
}

/** Checks that a registry has, at a reference like `127.0.0.1:5000/a/b:tag`, the very bytes of a layout. */
export async function expectInRegistry(reference: string, layout: Layout): Promise<void> {
  const [, host = '', repository = '', tag = ''] = /^([^/]+)\/(.+):([^:]+)$/.exec(reference) ?? [];
  const base = `http://${host}/v2/${repository}`;
  expect(digestOf(await download(`${base}/manifests/${tag}`)), reference).toBe(layout.digest);
  for (const part of await partsOf(layout)) await expectPart(base, part);
}

/** Checks that a repository has the very bytes of a part. @param base its URL, as `http://127.0.0.1:5000/v2/a/b` */
export async function expectPart(base: string, { kind, digest, bytes }: Part): Promise<void> {
  const got = await download(`${base}/${kind}/${digest}`);
  expect(got.equals(bytes), `${kind}/${digest} of ${base}`).toBe(true);
}

async function download(url: string): Promise<Buffer> {
  const accept =
    'application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, */*;q=0.1';
  const answer = await fetch(url, { headers: { accept } });
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect(answer.status, url).toBe(200);
  return bytes;
}

/** Checks that another layout has the very bytes of this one. */
export async function expectSameLayout(got: Layout, layout: Layout): Promise<void> {
  expect(got.digest, got.directory).toBe(layout.digest);
  for (const { digest, bytes } of await partsOf(layout)) {
    const same = bytes.equals(await readFile(blobFile(got.directory, digest)));
    expect(same, `${digest} in ${got.directory}`).toBe(true);
  }
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
