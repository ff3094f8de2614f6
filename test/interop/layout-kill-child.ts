/**
 * What a process of its own does to one layout until it is killed. It says what was acknowledged to it, line by line:
 * `+ TAG DIGEST` that a tag is there, `? TAG` that it is about to go, `- COUNT` how many blobs were collected.
 */
import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { copy } from '../../src/image/index.ts';
import { digestOf, mediaTypes, type Digest } from '../../src/oci/index.ts';
import { errorCode, type Registry } from '../../src/registry/index.ts';
import { collectGarbage, singleLayout } from '../../src/store/layout/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';

/** What to do. */
export interface KillTask {
  readonly task: 'tag' | 'copy' | 'collect' | 'read';
  readonly directory: string;
  /** Nobody else names anything that begins so. */
  readonly prefix: string;
  /** A tag that is there from the beginning. */
  readonly base: string;
}

/** In milliseconds: hardly any, so that what is about to be referred to is met by the collection now and then. */
const GRACE = 150;

// At once, and not when the event loop gets to it: the process may be killed at any moment.
const say = (line: string): void => void writeSync(1, `${line}\n`);

async function tag({ directory, prefix, base }: KillTask): Promise<void> {
  const { names } = singleLayout(directory);
  const { digest } = await names.resolve({ tag: base });
  for (let at = 0; ; at++) {
    await names.name(digest, [{ tag: `${prefix}-${at}` }]);
    say(`+ ${prefix}-${at} ${digest}`);
    if (at % 3 !== 0) continue;
    say(`? ${prefix}-${at}`);
    await names.unname([{ tag: `${prefix}-${at}` }]);
  }
}

async function copyMany({ directory, prefix }: KillTask): Promise<void> {
  const layout = singleLayout(directory);
  for (let at = 0; ; at++) {
    const name = `${prefix}-${at}`;
    const source = memoryRegistry();
    await pushIndex(source, name);
    try {
      const { digest } = await copy(
        { registry: source, repository: 'r', tag: 'latest' },
        { registry: layout, repository: 'layout', tag: name },
      ).then(() => layout.resolveManifest('layout', name));
      say(`+ ${name} ${digest}`);
      if (at % 2 !== 0) continue;
      say(`? ${name}`);
      // Its manifests and its own layers are garbage then.
      await layout.deleteManifest('layout', digest);
    } catch (error) {
      // What it had put there, or found, was collected: with a grace as short as this, it may be.
      if (!['MANIFEST_BLOB_UNKNOWN', 'BLOB_UNKNOWN', 'MANIFEST_UNKNOWN'].includes(errorCode(error) ?? ''))
        throw error;
    }
  }
}

/** Two images with a layer each of their own, and one that all images have. */
async function pushIndex(registry: Registry, name: string): Promise<void> {
  const put = async (bytes: Uint8Array, mediaType: string): Promise<object> => {
    const digest: Digest = digestOf(bytes);
    await registry.pushBlob('r', { digest, size: bytes.length }, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const layerType = 'application/vnd.oci.image.layer.v1.tar';
  const shared = await put(Buffer.alloc(40_000, 'shared'), layerType);
  const manifests: object[] = [];
  for (const architecture of ['amd64', 'arm64']) {
    const config = await put(
      Buffer.from(JSON.stringify({ os: 'linux', architecture, rootfs: { type: 'layers', diff_ids: [] } })),
      mediaTypes.ociConfig,
    );
    const own = await put(randomBytes(20_000), layerType);
    const { ociManifest: mediaType } = mediaTypes;
    const document = { schemaVersion: 2, mediaType, config, layers: [shared, own], annotations: { name } };
    const { descriptor } = await registry.pushManifest('r', Buffer.from(JSON.stringify(document)), {
      mediaType,
    });
    manifests.push({ ...descriptor, platform: { os: 'linux', architecture } });
  }
  const { ociIndex: mediaType } = mediaTypes;
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
  await registry.pushManifest('r', index, { mediaType, tags: ['latest'] });
}

async function collect({ directory }: KillTask): Promise<void> {
  for (;;) {
    await collectGarbage(directory, {
      grace: GRACE,
      unnamed: true,
      onEvent: ({ type }) => {
        if (type === 'blob') say('- 1');
      },
    });
  }
}

/** Reads an image that is never taken away, all of it, again and again, each time as if for the first time. */
async function read({ directory, base }: KillTask): Promise<void> {
  for (;;) {
    const layout = singleLayout(directory);
    const content = await layout.getManifest('layout', base);
    const { layers = [], config } = await content.json<{ layers?: Blob[]; config?: Blob }>();
    for (const { digest } of [...layers, ...(config === undefined ? [] : [config])])
      await (await layout.getBlob('layout', digest)).bytes(10_000_000);
    for await (const _ of layout.tags('layout'));
    say('read');
    await sleep(20);
  }
}

interface Blob {
  readonly digest: Digest;
}

const task = JSON.parse(process.argv[2] ?? '') as KillTask;
const tasks = { tag, copy: copyMany, collect, read };
say('begun');
await tasks[task.task](task);
