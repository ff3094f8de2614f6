import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { digestOf, type Digest } from '../../src/oci/index.ts';
import { collect } from '../../src/registry/index.ts';
import { archiveRegistry, type ArchiveRegistry } from '../../src/store/archive/index.ts';
import { createStaging } from '../../src/store/archive/file/staging.ts';
import { compileProgram } from '../child-program.ts';
import { lacks } from './peers.ts';
import { smallDisk } from './small-disk.ts';
import { play } from './stage.ts';
import { startVictim } from './victims.ts';

/** In all, of two processes at a time. */
const KILLS = 60;
/** How long one lives at the most once its first image is in the archive, in milliseconds. */
const LIFE = 300;

describe('kill -9 in the middle of pushing to an archive, and of writing it, by two at once', () => {
  play(
    `leaves the file as it was or as it is to be, with all that was acknowledged, ${KILLS} times`,
    [],
    async (stage) => {
      const folder = stage.newFolder('archive');
      await mkdir(folder);
      const file = join(folder, 'x.tar');
      const program = await compileProgram(new URL('archive-kill-child.ts', import.meta.url), stage.folder);
      const there = new Map<string, Digest>();
      const state = { over: false };
      let reads = 0;

      const killing = ['a', 'b'].map(async (killer) => {
        for (let round = 0; round < KILLS / 2; round++) {
          await startVictim(stage, program, [file, `${killer}${round}`], (line) => {
            const [, tag = '', digest = ''] = line.split(' ');
            there.set(tag, digest as Digest);
          }).killWithin(LIFE);
        }
      });
      // Whenever one looks, it is a whole archive; one that stays open sees each that comes.
      const open = archiveRegistry(file, { format: 'oci' });
      const watching = (async (): Promise<void> => {
        for (; !state.over; await sleep(20)) {
          const [tag] = [...there.keys()].slice(-1);
          if (tag === undefined) continue;
          await collect(await open.getManifest('archive', tag));
          await within(file, (fresh) => collectImage(fresh, tag));
          reads++;
        }
      })();
      await Promise.all(killing).finally(() => (state.over = true));
      await watching;
      await open.close();

      await within(file, async (archive) => {
        for (const [tag, digest] of there) {
          expect((await archive.resolveManifest('archive', tag)).digest, tag).toBe(digest);
          await collectImage(archive, tag);
        }
      });
      const [someTag = ''] = there.keys();
      if (lacks('skopeo') === undefined)
        await stage.run('skopeo', 'inspect', '--raw', `oci-archive:${file}:${someTag}`);

      // What was left behind is removed by whoever writes after a day.
      const leftBehind = (await readdir(folder)).length - 1;
      const later = createStaging(file, () => Date.now() + 25 * 60 * 60 * 1000);
      await later.newFile();
      await later.close();
      expect(await readdir(folder)).toEqual(['x.tar']);
      console.log(
        `${KILLS} kills: ${there.size} images acknowledged and kept, ${leftBehind} leftovers, ${reads} reads`,
      );
      // Else nothing was in the middle of anything.
      expect(there.size).toBeGreaterThan(KILLS / 2);
      expect(leftBehind).toBeGreaterThan(KILLS / 6);
      expect(reads).toBeGreaterThan(10);
    },
    180_000,
  );
});

describe('a full disk', () => {
  play('is an error in words of whoever writes an archive, and no damage', [], async (stage) => {
    const disk = await smallDisk(stage);
    if (disk === undefined) return;
    const file = join(disk, 'x.tar');
    const push = async (archive: ArchiveRegistry, size: number, tag: string): Promise<void> => {
      const bytes = Buffer.alloc(size, tag);
      const { digest } = await archive.pushBlob('archive', { digest: digestOf(bytes), size }, bytes);
      const mediaType = 'application/vnd.oci.image.manifest.v1+json';
      const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest, size };
      const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] });
      await archive.pushManifest('archive', Buffer.from(manifest), { mediaType, tags: [tag] });
    };
    await within(file, async (archive) => {
      await push(archive, 300_000, 'v1');
      await archive.commit();
    });
    const before = await readFile(file);
    const full = (room: string): object => ({
      code: 'UNKNOWN',
      message: expect.stringMatching(
        `^cannot write the archive ${file}: ENOSPC \\(no space left on the disk\\); ${room} in ${disk}, and \\d+ are free$`,
      ) as string,
    });
    const whatIsPushed = 'what is pushed, until it is committed, takes';
    // There is room for what is pushed, and none for the archive with it.
    await within(file, async (archive) => {
      await push(archive, 300_000, 'v2');
      await expect(archive.commit()).rejects.toMatchObject(
        full('the new file, beside what is there, takes 60\\d{4} bytes'),
      );
      expect((await archive.resolveManifest('archive', 'v2')).size).toBeGreaterThan(0);
    });
    expect(await readdir(disk)).toEqual(['x.tar']);
    // None for what is pushed.
    await within(file, async (archive) => {
      await expect(push(archive, 900_000, 'v3')).rejects.toMatchObject(full(`${whatIsPushed} 900000 bytes`));
      const upload = await archive.startUpload('archive');
      await expect(upload.write(Buffer.alloc(900_000))).rejects.toMatchObject(full(`${whatIsPushed} room`));
      await upload.cancel();
      // What failed is out of the way: there is room for less.
      await push(archive, 1000, 'v4');
      await archive.commit();
    });
    expect(await readdir(disk)).toEqual(['x.tar']);
    await within(file, (archive) => collectImage(archive, 'v4'));
    await within(file, (archive) => collectImage(archive, 'v1'));
    // What a compressed one is decompressed to finds no room either.
    await stage.run('gzip', '--keep', file);
    await rm(file);
    await stage.run(
      'dd',
      'if=/dev/urandom',
      `of=${join(disk, 'filler')}`,
      'bs=1000',
      'count=900',
      'status=none',
    );
    await within(`${file}.gz`, async (archive) => {
      const error = await archive.names.entries().catch(String);
      expect(error).toContain(
        `cannot write the archive ${file}.gz: ENOSPC (no space left on the disk); the tar that is in it takes room in ${disk}`,
      );
    });
    expect((await readdir(disk)).sort()).toEqual(['filler', 'x.tar.gz']);
    expect(before.length).toBeGreaterThan(300_000);
  });
});

async function within<T>(file: string, work: (archive: ArchiveRegistry) => Promise<T>): Promise<T> {
  const archive = archiveRegistry(file, { format: 'oci' });
  try {
    return await work(archive);
  } finally {
    await archive.close();
  }
}

/** Reads an image to its end; contents check themselves. */
async function collectImage(archive: ArchiveRegistry, tag: string): Promise<void> {
  interface Document {
    readonly config: { readonly digest: Digest };
    readonly layers: readonly { readonly digest: Digest }[];
  }
  const { config, layers } = await (await archive.getManifest('archive', tag)).json<Document>();
  for (const { digest } of [config, ...layers]) await collect(await archive.getBlob('archive', digest));
}
