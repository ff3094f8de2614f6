import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { registryClient } from '../../src/client/index.ts';
import { copy } from '../../src/image/index.ts';
import type { Digest } from '../../src/oci/index.ts';
import { singleLayout } from '../../src/store/layout/index.ts';
import { undiciTransport, type Transport } from '../../src/transport/index.ts';
import {
  blobFile,
  digestOf,
  expectInRegistry,
  expectPart,
  makeImage,
  partsOf,
  type Layout,
  type Part,
} from './images.ts';
import { serve, type Server } from './servers.ts';
import { play, type Stage } from './stage.ts';

const KILLS = 50;

/** What is pushed at the same time in each round, by a client each. They have layers in common. */
const pushes = {
  image: { platforms: 1, layers: 4 },
  other: { platforms: 1, layers: 6 },
  index: { platforms: 3, layers: 2 },
  again: { platforms: 3, layers: 2 },
};

describe('kill -9 of `stowage serve` in the middle of concurrent pushes', () => {
  play(
    `loses nothing that was acknowledged, ${KILLS} times`,
    ['umoci', 'oras'],
    async (stage) => {
      const layouts = new Map<string, Layout>();
      for (const [name, options] of Object.entries(pushes)) {
        layouts.set(name, await makeImage(stage, name, { ...options, size: 30_000 }));
      }
      const directory = join(stage.folder, 'data');
      let server = await serve(stage, directory);
      const undisturbed = await pushAll(server, 'undisturbed', layouts);
      expect(undisturbed.failures).toEqual([]);
      const total = undisturbed.promised.length;

      const random = generator(20_240_514);
      let acknowledged = 0;
      let unfinished = 0;
      for (let round = 0; round < KILLS; round++) {
        // A moment anywhere in the push: by how far it got, as no two machines are equally fast.
        const share = Math.floor(random() * total);
        let arrive = (): void => {};
        const moment = new Promise<void>((done) => (arrive = done));
        const pushing = pushAll(server, `round-${round}`, layouts, (count) => count === share && arrive());
        await Promise.race([moment, pushing]);
        await sleep(random() * 10);
        server.process.kill('SIGKILL');
        await server.process.ended;
        const { promised, failures } = await pushing;

        server = await serve(stage, directory);
        await expectKept(server, promised, layouts);
        await expectValidLayouts(stage, join(directory, `round-${round}`), layouts);
        acknowledged += promised.length;
        if (failures.length > 0) unfinished++;

        // It can be finished.
        expect((await pushAll(server, `round-${round}`, layouts)).failures).toEqual([]);
      }
      for (let round = 0; round < KILLS; round++) {
        for (const [name, layout] of layouts)
          await expectInRegistry(`${server.host}/round-${round}/${name}:1`, layout);
      }
      console.log(
        `${KILLS} kills, ${unfinished} of them in the middle of a push of ${total} things: ` +
          `${acknowledged} were acknowledged before, and kept`,
      );
      // Else the moments were not in the middle of anything.
      expect(unfinished).toBeGreaterThan(KILLS * 0.8);
    },
    120_000,
  );

  play('leaves uploads that can be gone on with', [], async (stage) => {
    const directory = join(stage.folder, 'data');
    const bytes = randomBytes(3_000_000);
    const digest = digestOf(bytes) as Digest;
    const first = await serve(stage, directory);
    const early = registryClient(first.url);
    stage.onClose(early.close);
    const begun = await early.startUpload('a');
    await begun.write(bytes.subarray(0, 1_000_000));
    first.process.kill('SIGKILL');
    await first.process.ended;

    const client = registryClient((await serve(stage, directory, new URL(first.url).port)).url);
    stage.onClose(client.close);
    const upload = await client.startUpload('a', { resume: begun.id });
    expect(upload.offset).toBe(1_000_000);
    await upload.commit(digest, { chunk: bytes.subarray(1_000_000) });
    expect(digestOf(await (await client.getBlob('a', digest)).bytes())).toBe(digest);
  });
});

/** Something that a client was told to be stored: a 201. */
interface Promised {
  readonly kind: Part['kind'] | 'tag';
  readonly repository: string;
  /** A digest, or the tag. */
  readonly name: string;
}

interface Pushed {
  readonly promised: readonly Promised[];
  /** What pushes broke off with. */
  readonly failures: readonly string[];
}

/** Pushes everything into repositories of a group, at the same time. */
async function pushAll(
  { url }: Server,
  group: string,
  layouts: ReadonlyMap<string, Layout>,
  onPromise: (count: number) => void = () => {},
): Promise<Pushed> {
  const promised: Promised[] = [];
  onPromise(0);
  const push = async ([name, { directory }]: [string, Layout]): Promise<void> => {
    const repository = `${group}/${name}`;
    const { send, close } = undiciTransport();
    const transport: Transport = async (request) => {
      const response = await send(request);
      if (request.method === 'PUT' && response.status === 201) {
        const reference = request.url.pathname.replace(/^.*\//, '');
        const digest = request.url.searchParams.get('digest');
        if (digest !== null) promised.push({ kind: 'blobs', repository, name: digest });
        else
          promised.push({ kind: reference.includes(':') ? 'manifests' : 'tag', repository, name: reference });
        onPromise(promised.length);
      }
      return response;
    };
    const client = registryClient(url, { transport });
    try {
      const from = { registry: singleLayout(directory), repository: 'layout', tag: 'latest' };
      await copy(from, { registry: client, repository, tag: '1' });
    } finally {
      await close();
    }
  };
  const settled = await Promise.allSettled([...layouts].map(push));
  const failures = settled.filter((result) => result.status === 'rejected');
  return { promised, failures: failures.map(({ reason }) => String(reason)) };
}

/** Checks that everything is there as it was acknowledged: manifests with all that they refer to. */
async function expectKept(
  { host, url }: Server,
  promised: readonly Promised[],
  layouts: ReadonlyMap<string, Layout>,
): Promise<void> {
  for (const { kind, repository, name } of promised) {
    const layout = layouts.get(repository.replace(/^.*\//, ''));
    if (layout === undefined) throw new Error(`nobody pushed to ${repository}`);
    const base = `${url}/v2/${repository}`;
    if (kind === 'tag') await expectInRegistry(`${host}/${repository}:${name}`, layout);
    else if (kind === 'manifests')
      for (const part of await partsOf({ ...layout, digest: name })) await expectPart(base, part);
    else {
      const bytes = await readFile(blobFile(layout.directory, name));
      await expectPart(base, { kind, digest: name, bytes });
    }
  }
}

/** Checks that others can read each layout that there is in a folder. It is one as soon as it has an index. */
async function expectValidLayouts(
  stage: Stage,
  group: string,
  layouts: ReadonlyMap<string, Layout>,
): Promise<void> {
  const check = async ([name, { digest }]: [string, Layout]): Promise<void> => {
    const directory = join(group, name);
    if (!existsSync(join(directory, 'index.json'))) return;
    const tags = await stage.run('umoci', 'ls', '--layout', directory);
    expect(await stage.run('oras', 'repo', 'tags', '--oci-layout', directory)).toBe(tags);
    expect(['', '1\n']).toContain(tags);
    if (tags === '') return;
    const manifest = await stage.run('oras', 'manifest', 'fetch', '--oci-layout', `${directory}:1`);
    expect(digestOf(Buffer.from(manifest))).toBe(digest);
    // Of indexes it knows nothing.
    if (!manifest.includes('manifests')) await stage.run('umoci', 'stat', '--image', `${directory}:1`);
  };
  await Promise.all([...layouts].map(check));
}

/** Random numbers from 0 to 1, the same each time: xorshift. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
