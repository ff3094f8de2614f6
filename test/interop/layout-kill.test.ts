import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { digestOf, type Digest } from '../../src/oci/index.ts';
import { collect } from '../../src/registry/index.ts';
import { collectGarbage, singleLayout, verifyLayout, type Finding } from '../../src/store/layout/index.ts';
import { compileProgram } from '../child-program.ts';
import { makeImage } from './images.ts';
import type { KillTask } from './layout-kill-child.ts';
import { lacks } from './peers.ts';
import { smallDisk } from './small-disk.ts';
import { play, type Stage } from './stage.ts';
import { startVictim, type Victim } from './victims.ts';

/** In all, of all three kinds. */
const KILLS = 201;
/** How long one lives at the most once it has begun, in milliseconds. */
const LIFE = 500;
const KINDS = ['tag', 'copy', 'collect'] as const;

describe('kill -9 in the middle of tagging, copying into a layout and collecting its garbage, all at once', () => {
  play(
    `leaves a valid layout with all that was acknowledged, ${KILLS} times`,
    [],
    async (stage) => {
      const { directory } = await makeImage(stage, 'layout', { layers: 3, size: 30_000 });
      const program = await compileProgram(new URL('layout-kill-child.ts', import.meta.url), stage.folder);
      const known = { there: new Map<string, string>(), going: new Set<string>(), collected: 0 };
      const note = (line: string): void => {
        const [mark, name = '', digest = ''] = line.split(' ');
        if (mark === '+') known.there.set(name, digest);
        if (mark === '?') known.going.add(name);
        if (mark === '-') known.collected++;
      };

      const state = { over: false };
      let [reads, verifications, killed] = [0, 0, 0];
      const start = (task: KillTask['task'], prefix: string, hear: (line: string) => void): Victim => {
        const words: KillTask = { task, directory, prefix, base: 'latest' };
        return startVictim(stage, program, [JSON.stringify(words)], hear);
      };
      const reader = start('read', '', (line) => {
        if (line === 'read') reads++;
      });
      const killing = KINDS.map(async (task) => {
        for (let round = 0; round < KILLS / KINDS.length; round++) {
          await start(task, `${task}-${round}`, note).killWithin(LIFE);
          killed++;
        }
      });
      // Whenever one looks, it is a valid layout, whose index leads nowhere in vain.
      const watching = (async (): Promise<void> => {
        for (; !state.over; verifications++) {
          JSON.parse(await readFile(join(directory, 'index.json'), 'utf8'));
          expect(await errorsIn(directory)).toEqual([]);
          // The others are to get somewhere.
          await sleep(50);
        }
      })();
      await Promise.all(killing).finally(() => (state.over = true));
      await watching;
      await reader.kill();

      await expectKept(directory, known.there, known.going);
      await expectReadByOthers(stage, directory);
      await collectGarbage(directory, { grace: 0, unnamed: true });
      await expectKept(directory, known.there, known.going);
      // Nothing is left over.
      expect(await findingsIn(directory)).toEqual([]);
      console.log(
        `${killed} kills: ${known.there.size} tags were acknowledged and kept, but for ${known.going.size} that were to go; ` +
          `${known.collected} blobs were collected; ${reads} reads and ${verifications} verifications in the meantime`,
      );
      // Else nothing was in the middle of anything.
      expect(known.there.size).toBeGreaterThan(50);
      expect(known.collected).toBeGreaterThan(20);
      expect(reads).toBeGreaterThan(20);
    },
    // It takes about one minute, and several where the machine has other things to do.
    600_000,
  );
});

describe('a full disk', () => {
  play('is an error of whoever writes, and no damage; collecting garbage makes room', [], async (stage) => {
    const disk = await smallDisk(stage);
    if (disk === undefined) return;
    const directory = join(disk, 'layout');
    const layout = singleLayout(directory);
    const push = async (name: string, size: number): Promise<Digest> => {
      const bytes = Buffer.alloc(size, name);
      const { digest } = await layout.pushBlob('layout', { digest: digestOf(bytes), size }, bytes);
      return digest;
    };
    const config = Buffer.from(
      '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}',
    );
    await layout.pushBlob('layout', { digest: digestOf(config), size: config.length }, config);
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType,
        config: {
          mediaType: 'application/vnd.oci.image.config.v1+json',
          digest: digestOf(config),
          size: config.length,
        },
        layers: [],
      }),
    );
    const { descriptor } = await layout.pushManifest('layout', manifest, { mediaType, tags: ['v1'] });
    const full = { code: 'UNKNOWN', message: expect.stringContaining('no space left') as string };
    // To the last page.
    await expect(
      (async () => {
        for (let at = 0; ; at++) await push(`garbage ${at}`, 100_000);
      })(),
    ).rejects.toMatchObject(full);
    await expect(
      (async () => {
        for (let at = 0; ; at++) await push(`small garbage ${at}`, 4096);
      })(),
    ).rejects.toMatchObject(full);

    const name = (tag: string): Promise<unknown> => layout.names.name(descriptor.digest, [{ tag }]);
    await expect(name('v2')).rejects.toMatchObject(full);
    await expect(push('more', 5000)).rejects.toMatchObject(full);
    const upload = await layout.startUpload('layout').catch((error: unknown) => error);
    if (upload instanceof Error) expect(upload).toMatchObject(full);
    expect(await errorsIn(directory)).toEqual([]);
    expect((await layout.getManifest('layout', 'v1')).descriptor.digest).toBe(descriptor.digest);

    const { removed } = await collectGarbage(directory, { grace: 0 });
    expect(removed.size).toBeGreaterThan(800_000);
    await name('v2');
    await push('more', 500_000);
    expect(await errorsIn(directory)).toEqual([]);
  });
});

async function findingsIn(directory: string): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of verifyLayout(directory)) findings.push(finding);
  return findings;
}

async function errorsIn(directory: string): Promise<readonly Finding[]> {
  return (await findingsIn(directory)).filter(({ severity }) => severity === 'error');
}

/** That each tag is there, and all that it leads to, whole; but for those that were about to go. */
async function expectKept(
  directory: string,
  there: ReadonlyMap<string, string>,
  going: ReadonlySet<string>,
): Promise<void> {
  expect(await errorsIn(directory)).toEqual([]);
  const layout = singleLayout(directory);
  const lost: string[] = [];
  for (const [tag, digest] of there) {
    if (going.has(tag)) continue;
    const found = await layout.getManifest('layout', tag).catch(() => undefined);
    if (found?.descriptor.digest !== digest) lost.push(tag);
    else await collect(found);
  }
  expect(lost).toEqual([]);
}

/** Those of the others that are here find the same tags, and can read what is behind them. */
async function expectReadByOthers(stage: Stage, directory: string): Promise<void> {
  const tags: string[] = [];
  for await (const tag of singleLayout(directory).tags('layout')) tags.push(tag);
  if (lacks('oras') === undefined) {
    const listed = await stage.run('oras', 'repo', 'tags', '--oci-layout', directory);
    expect(listed.trim().split('\n').sort()).toEqual(tags.sort());
  }
  if (lacks('umoci') === undefined) {
    const listed = await stage.run('umoci', 'ls', '--layout', directory);
    expect(listed.trim().split('\n').sort()).toEqual(tags.sort());
    await stage.run('umoci', 'stat', '--image', `${directory}:latest`);
  }
  if (lacks('skopeo') === undefined)
    for (const tag of tags.filter((name) => name.startsWith('copy')).slice(0, 5))
      await stage.run('skopeo', 'inspect', '--raw', `oci:${directory}:${tag}`);
}
