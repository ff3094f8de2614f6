import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { registryClient } from '../../src/client/index.ts';
import { parseDocument } from '../../src/image/index.ts';
import { childBlobs, childManifests, parseManifest, type FullReference } from '../../src/oci/index.ts';
import { jsonDocuments } from '../../src/json/index.ts';
import { cli } from './peers.ts';
import type { Ending } from './processes.ts';
import { lacksBuilds, rebuild } from './real-builds.ts';
import { dockerRegistry, proxy, type Proxy } from './servers.ts';
import { play, type Stage } from './stage.ts';

const MANIFEST = 'application/vnd.oci.image.index.v1+json';
const reason = lacksBuilds();
/** After how many requests a deploy is killed, each time one that goes on where the one before was. */
const KILLS = [45, 50, 60, 75, 90, 120, 160, 200, 250, 300];

/** The tags of real builds, staged in a registry, and the documents that bring them to their places. */
interface Scene {
  readonly registry: Proxy;
  readonly refs: readonly FullReference[];
  deploy(...flags: readonly string[]): Promise<Ending>;
  /** Kills it when so many requests have come to the registry. @returns whether it had not ended before */
  deployAndKill(requests: number): Promise<boolean>;
}

async function open(stage: Stage, count: number, ...chaos: readonly string[]): Promise<Scene> {
  const behind = await dockerRegistry(stage);
  const registry = await proxy(stage, behind, ...chaos);
  const builds = stage.newFolder('builds.json');
  await writeFile(builds, await rebuild(stage, registry.host, count));
  const documents = await stage.stowage('builds', 'deploy', builds);
  const file = stage.newFolder('documents.json');
  await writeFile(file, documents);
  const refs: FullReference[] = [];
  for await (const { text } of jsonDocuments(chunksOf(documents))) refs.push(...parseDocument(text).refs);
  const start = (...flags: readonly string[]): ReturnType<Stage['start']> =>
    // The command line reads its standard input, which a shell can open.
    stage.start('sh', [
      '-c',
      `exec "$0" "$@" < ${file}`,
      process.execPath,
      cli,
      'deploy',
      '--parallel',
      '--no-cache',
      ...flags,
    ]);
  return {
    registry,
    refs,
    deploy: (...flags) => start(...flags).ended,
    async deployAndKill(requests) {
      await registry.requests();
      const running = start();
      const state = { isOver: false };
      const ended = running.ended.finally(() => (state.isOver = true));
      while (!state.isOver && (await registry.seen()).requests < requests)
        await new Promise((resolve) => setTimeout(resolve, 2));
      running.kill('SIGKILL');
      return (await ended).signal === 'SIGKILL';
    },
  };
}

async function* chunksOf(text: string): AsyncGenerator<string> {
  yield text;
}

/** What the first plan, and the last, allowed; and what came to the registry. */
async function requestsOf({ registry, deploy }: Scene, ...flags: readonly string[]) {
  await registry.requests();
  const { code, stdout, stderr } = await deploy('--plan', ...flags);
  const { byMethod } = await registry.seen();
  const made = await registry.requests();
  expect([code, stderr.includes('more than was planned')]).toEqual([0, false]);
  const plans = [...stderr.matchAll(/^plan, .*: at most ([\d,]+) requests/gm)].map(([, most = '']) =>
    Number(most.replaceAll(',', '')),
  );
  return { made, byMethod, most: plans.at(-1) ?? 0, plans, stdout, stderr };
}

/** Each tag is what the documents want, with all that is below it. */
async function expectAll(stage: Stage, { refs }: Scene): Promise<void> {
  const client = registryClient(refs[0]?.host ?? '');
  stage.onClose(() => client.close());
  const seen = new Set<string>();
  const look = async (repository: string, digest: string): Promise<void> => {
    if (seen.has(`${repository} ${digest}`)) return;
    seen.add(`${repository} ${digest}`);
    const content = await client.getManifest(repository, digest);
    const manifest = parseManifest(await content.bytes(), content.descriptor.mediaType);
    for (const child of childManifests(manifest)) await look(repository, child.digest);
    for (const child of childBlobs(manifest)) await client.resolveBlob(repository, child.digest);
  };
  for (const { repository, tag = '', digest } of refs) {
    expect((await client.resolveManifest(repository, tag)).digest).toBe(digest);
    await look(repository, digest ?? '');
  }
}

describe.skipIf(reason !== undefined)('the tags of real builds', () => {
  play(
    'first, again, and after one was moved: no more requests than planned, and none too many',
    ['docker-registry'],
    async (stage) => {
      const scene = await open(stage, 200);
      const { refs, registry } = scene;
      const documentsBefore = await requestsOf(scene, '--dry-run');
      expect(documentsBefore.stdout.match(/^\t"type"/gm)).toHaveLength(refs.length);
      expect(documentsBefore.made).toBe(refs.length);

      const first = await requestsOf(scene);
      expect(first.made).toBeLessThanOrEqual(first.most);
      expect(first.made).toBeGreaterThan(first.most * 0.95);
      expect(first.stderr).toContain(`${refs.length} changed, 0 as they should be`);

      // One question for each tag, and nothing else.
      const second = await requestsOf(scene);
      expect(second).toMatchObject({ made: refs.length, most: refs.length });
      expect(second.byMethod).toEqual({ HEAD: refs.length });
      expect((await requestsOf(scene, '--dry-run')).stdout).toBe('');

      const moved = refs[1] as FullReference;
      const put = await fetch(`${registry.url}/v2/${moved.repository}/manifests/${moved.tag}`, {
        method: 'PUT',
        headers: { 'content-type': MANIFEST },
        body: `{"schemaVersion":2,"mediaType":"${MANIFEST}","manifests":[]}`,
      });
      expect(put.status).toBe(201);
      const dry = await requestsOf(scene, '--dry-run');
      expect(parseDocument(dry.stdout).refs).toEqual([moved]);
      const third = await requestsOf(scene);
      expect(third.made).toBe(refs.length + 1);
      expect(third.stderr).toContain(`1 changed, ${refs.length - 1} as they should be`);
      await expectAll(stage, scene);
      console.info(
        `${refs.length} tags: ${first.made} requests first (planned ${first.plans.join(', then ')}), ${second.made} again, ${third.made} after one was moved`,
      );
    },
    300_000,
  );

  play(
    'killed at any request and run again, all is as it should be',
    ['docker-registry'],
    async (stage) => {
      const scene = await open(stage, 40, '--latency', '5');
      const questions = scene.refs.length;
      let kills = 0;
      // From among the questions on; each has more to say than the one before, as it goes on where that was.
      for (const after of KILLS) if (await scene.deployAndKill(Math.ceil((questions * after) / 50))) kills++;
      expect(kills).toBeGreaterThan(KILLS.length / 2);
      const last = await requestsOf(scene);
      expect(last.stderr).toMatch(/^\d+ changed, \d+ as they should be$/m);
      await expectAll(stage, scene);
      const again = await requestsOf(scene);
      expect(again.byMethod).toEqual({ HEAD: questions });
    },
    300_000,
  );

  play(
    'with faults on the way, all is as it should be',
    ['docker-registry'],
    async (stage) => {
      const scene = await open(stage, 20, '--fault', '0.02', '--seed', '7');
      const { code, stderr } = await scene.deploy();
      expect([code, stderr.match(/^stowage: .*/gm)]).toEqual([0, null]);
      await expectAll(stage, scene);
    },
    300_000,
  );
});

test.skipIf(reason === undefined)('there are real builds', ({ skip }) => skip(reason));
