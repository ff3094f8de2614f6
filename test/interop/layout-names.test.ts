import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  createNameIndex,
  resolveImage,
  type Compatibility,
  type ImageName,
  type ImageQuery,
} from '../../src/layout-index/index.ts';
import { digestOf, mediaTypes, parseDigest, type Descriptor } from '../../src/oci/index.ts';
import { isRegistryError } from '../../src/registry/index.ts';
import { singleLayout } from '../../src/store/layout/index.ts';
import type { Task } from '../store/layout/child.ts';
import { compiledChild } from '../store/layout/compiled-child.ts';
import { makeImage, unpackLayout, type Layout } from './images.ts';
import { find } from './peers.ts';
import { attempt, run } from './processes.ts';
import { containerd, serve } from './servers.ts';
import { play, type Stage } from './stage.ts';

const full = 'docker.io/library/alpine:3.16';
const team = 'docker.io/team/app:v1';

/** What a tool prints of an image of a layout, whose bytes tell which it is; it fails where it finds none. */
type Reader = (stage: Stage, directory: string, name: string) => Promise<string>;

const skopeo: Reader = (stage, directory, name) =>
  stage.run('skopeo', 'inspect', '--raw', `oci:${directory}${name && `:${name}`}`);
const oras: Reader = (stage, directory, name) =>
  stage.run('oras', 'manifest', 'fetch', '--oci-layout-path', directory, name);
/** What it prints of an image does not say which; the file that it unpacks does. */
const umoci: Reader = async (stage, directory, name) => {
  const files = stage.newFolder('unpacked');
  await stage.run('umoci', 'raw', 'unpack', '--image', `${directory}${name && `:${name}`}`, files);
  return readFile(join(files, 'data/amd64-0'), 'latin1');
};

interface Made {
  readonly directory: string;
  /** By what each is called here. */
  readonly images: Readonly<Record<'alpine' | 'stable' | 'app', Layout>>;
}

/** A layout of ours with three images, of which two have full names. */
async function writeOurs(stage: Stage): Promise<Made> {
  const directory = stage.newFolder('ours');
  const registry = singleLayout(directory);
  const put = async (seed: string, name: ImageName): Promise<Layout> => {
    const layout = await makeImage(stage, seed, { layers: 1, size: 1000, seed });
    const read = (digest: string): Promise<Buffer> =>
      readFile(join(layout.directory, 'blobs/sha256', digest.slice(7)));
    const bytes = await read(layout.digest);
    const { config, layers } = JSON.parse(bytes.toString()) as { config: Descriptor; layers: Descriptor[] };
    for (const blob of [config, ...layers]) await registry.pushBlob('layout', blob, await read(blob.digest));
    await registry.names.pushManifest(bytes, { mediaType: mediaTypes.ociManifest, names: [name] });
    return layout;
  };
  const images = {
    alpine: await put('alpine', { name: full }),
    stable: await put('stable', { tag: 'v1' }),
    app: await put('app', { name: team }),
  };
  return { directory, images };
}

async function pack(stage: Stage, directory: string): Promise<string> {
  const tar = `${directory}.tar`;
  await stage.run('tar', '-C', directory, '-cf', tar, 'oci-layout', 'index.json', 'blobs');
  return tar;
}

describe('what we wrote is found by the names by which each tool should find it, by', () => {
  for (const [tool, reader] of [
    ['skopeo', skopeo],
    ['oras', oras],
  ] as const) {
    play(tool, [tool], async (stage) => {
      const { directory, images } = await writeOurs(stage);
      const read = async (name: string): Promise<string> =>
        digestOf(Buffer.from(await reader(stage, directory, name)));
      expect(await read('3.16')).toBe(images.alpine.digest);
      expect(await read('v1')).toBe(images.stable.digest);
      // Its tag is another image's, so that it has its name in full.
      expect(await read(team)).toBe(images.app.digest);
      await expect(read('3.17')).rejects.toThrow(/not found|no descriptor found/);
    });
  }

  play('umoci', ['umoci'], async (stage) => {
    const { directory } = await writeOurs(stage);
    const listed = await stage.run('umoci', 'ls', '--layout', directory);
    expect(listed.trim().split('\n').sort()).toEqual(['3.16', team, 'v1'].sort());
    for (const tag of ['3.16', 'v1']) await umoci(stage, directory, tag);
  });

  play('ctr', ['containerd', 'tar'], async (stage) => {
    const { directory, images } = await writeOurs(stage);
    const ctr = await containerd(stage);
    await ctr('images', 'import', '--all-platforms', '--no-unpack', await pack(stage, directory));
    const listed = await ctr('images', 'list');
    for (const [name, { digest }] of [
      [full, images.alpine],
      [team, images.app],
      // A tag alone comes behind a name for the import, which is its day unless told.
      ['import-[-0-9]+:v1', images.stable],
    ] as const)
      expect(listed).toMatch(new RegExp(`^${name} .*${digest}`, 'm'));
  });

  play('crane, which takes a layout of one image', ['crane'], async (stage) => {
    const { directory } = await writeOurs(stage);
    const { host } = await serve(stage, join(stage.folder, 'data'));
    await expect(stage.run('crane', 'push', directory, `${host}/x:1`)).rejects.toThrow('3 entries');
    const asked = singleLayout(directory).names.resolve({ tag: 'v1' }, { compatibility: 'crane' });
    await expect(asked).rejects.toMatchObject({ code: 'REFERENCE_AMBIGUOUS' });
  });
});

describe('what others wrote is found by us, as written by', () => {
  const expectFound = async (
    directory: string,
    digest: string,
    ...queries: readonly ImageQuery[]
  ): Promise<void> => {
    const { names } = singleLayout(directory);
    for (const query of queries)
      expect((await names.resolve(query)).digest, JSON.stringify(query)).toBe(digest);
  };

  play('skopeo', ['skopeo'], async (stage) => {
    const directory = stage.newFolder('theirs');
    const [a, b] = [await makeImage(stage, 'a', { seed: 'a' }), await makeImage(stage, 'b', { seed: 'b' })];
    await stage.run('skopeo', 'copy', '-q', `oci:${a.directory}:latest`, `oci:${directory}:alpine:3.16`);
    await stage.run('skopeo', 'copy', '-q', `oci:${b.directory}:latest`, `oci:${directory}:v1`);
    await expectFound(directory, a.digest, { name: 'alpine:3.16' }, { name: full }, { tag: '3.16' });
    await expectFound(directory, b.digest, { tag: 'v1' });
  });

  play('oras', ['oras'], async (stage) => {
    const { directory, digest } = await makeImage(stage, 'a');
    await stage.run('oras', 'tag', '--oci-layout', `${directory}:latest`, '3.16', '3');
    await expectFound(directory, digest, { tag: '3.16' }, { tag: '3' }, { tag: 'latest' }, {});
  });

  play('umoci', ['umoci'], async (stage) => {
    const { directory, digest } = await makeImage(stage, 'a');
    await stage.run('umoci', 'tag', '--image', `${directory}:latest`, '3.16');
    await expectFound(directory, digest, { tag: '3.16' }, {});
  });

  play('crane, with and without a name', ['crane'], async (stage) => {
    const { host } = await serve(stage, join(stage.folder, 'data'));
    const { directory: source, digest } = await makeImage(stage, 'a');
    await stage.stowage('copy', `oci-layout:${source}:latest`, `${host}/alpine:3.16`);
    const [named, unnamed] = [stage.newFolder('named'), stage.newFolder('unnamed')];
    await stage.run('crane', 'pull', '--format=oci', '--annotate-ref', `${host}/alpine:3.16`, named);
    await stage.run('crane', 'pull', '--format=oci', `${host}/alpine:3.16`, unnamed);
    await expectFound(named, digest, { tag: '3.16' }, { name: `${host}/alpine:3.16` }, {});
    await expectFound(unnamed, digest, {});
  });

  play('ctr', ['containerd', 'tar'], async (stage) => {
    const { directory: source, images } = await writeOurs(stage);
    const ctr = await containerd(stage);
    await ctr('images', 'import', '--all-platforms', '--no-unpack', await pack(stage, source));
    const exported = join(stage.folder, 'exported.tar');
    await ctr('images', 'export', '--all-platforms', exported, full);
    const { directory } = await unpackLayout(stage, exported);
    await expectFound(directory, images.alpine.digest, { name: 'alpine:3.16' }, { tag: '3.16' }, {});
  });
});

play(
  '[layout 55] a layout on a file system that is mounted read-only is read, and not written',
  ['root'],
  async (stage) => {
    const { directory, images } = await writeOurs(stage);
    await stage.run('mount', '--bind', directory, directory);
    stage.onClose(() => attempt('umount', [directory]));
    await stage.run('mount', '-o', 'remount,bind,ro', directory);
    const { names } = singleLayout(directory);
    expect((await names.resolve({ name: 'alpine:3.16' })).digest).toBe(images.alpine.digest);
    const naming = names.name(parseDigest(images.alpine.digest), [{ tag: 'v2' }]);
    await expect(naming).rejects.toThrow('EROFS');
  },
);

describe('our answer for another tool is its own:', () => {
  /** `n` and `r` of each entry, of the first image and the second in turn. */
  const layouts: readonly (readonly (readonly [n?: string | undefined, r?: string])[])[] = [
    [[full, '3.16'], []],
    [[undefined, 'alpine:3.16'], []],
    [[undefined, full], []],
    [[undefined, '3.16'], []],
    [[undefined, `index.${full}`], []],
    [[full], []],
    [
      [undefined, 'latest'],
      [undefined, '3.16'],
    ],
    [
      [undefined, '3.16'],
      [undefined, '3.16'],
    ],
    [[undefined, '3.16']],
    [[]],
  ];
  const questions: readonly ImageQuery[] = [
    { tag: '3.16' },
    { tag: 'typo' },
    { name: 'alpine:3.16' },
    { name: full },
    {},
  ];

  /** A layout whose entries are named so. */
  const write = async (
    stage: Stage,
    images: readonly Layout[],
    names: (typeof layouts)[number],
  ): Promise<{ readonly directory: string; readonly entries: readonly Descriptor[] }> => {
    const directory = stage.newFolder('layout');
    await mkdir(directory);
    for (const image of images)
      await cp(join(image.directory, 'blobs'), join(directory, 'blobs'), { recursive: true });
    const entries: Descriptor[] = [];
    for (const [at, [n, r]] of names.entries()) {
      const digest = parseDigest(images[at]?.digest ?? '');
      const { length: size } = await readFile(join(directory, 'blobs/sha256', digest.slice(7)));
      const annotations = {
        ...(n !== undefined && { 'io.containerd.image.name': n }),
        ...(r !== undefined && { 'org.opencontainers.image.ref.name': r }),
      };
      entries.push({ mediaType: mediaTypes.ociManifest, digest, size, annotations });
    }
    await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: entries }));
    return { directory, entries };
  };

  for (const [tool, reader] of [
    ['skopeo', skopeo],
    ['oras', oras],
    ['umoci', umoci],
  ] as const) {
    play(tool, [tool], async (stage) => {
      const images = [
        await makeImage(stage, 'a', { layers: 1, size: 1000, seed: 'a' }),
        await makeImage(stage, 'b', { layers: 1, size: 1000, seed: 'b' }),
      ];
      // By what it prints of each.
      const digests = new Map<string, string>();
      for (const { directory, digest } of images)
        digests.set(await reader(stage, directory, 'latest'), digest);
      // It has no syntax for names.
      const asked = questions.filter(({ name }) => tool !== 'umoci' || name === undefined);
      for (const names of layouts) {
        const { directory, entries } = await write(stage, images, names);
        for (const query of asked) {
          const theirs = await reader(stage, directory, query.name ?? query.tag ?? '').then(
            (printed) => digests.get(printed) ?? 'another',
            () => 'nothing',
          );
          expect(answer(entries, query, tool), JSON.stringify({ names, query })).toBe(theirs);
        }
      }
    });
  }

  function answer(
    entries: readonly Descriptor[],
    query: ImageQuery,
    compatibility: Compatibility,
  ): string | undefined {
    try {
      const resolved = resolveImage(createNameIndex(entries), query, { place: 'layout', compatibility });
      return 'entry' in resolved ? resolved.entry.digest : undefined;
    } catch (error) {
      if (isRegistryError(error)) return 'nothing';
      throw error;
    }
  }
});

/** How many images are tagged; what it is about is 10,000, which takes some minutes. */
const count = Number(process.env['STOWAGE_TAGS'] ?? 2000);

describe(`tagging ${count} images loses none, doubles none, and does not become slow`, () => {
  const program = compiledChild();
  interface Time {
    readonly took: number;
    readonly cpu: number;
  }
  const mean = (times: readonly Time[], of: keyof Time): number =>
    times.reduce((sum, time) => sum + time[of], 0) / times.length;
  const tag = async (directory: string, prefix: string, images: number): Promise<readonly Time[]> => {
    const task: Task = { task: 'tag', directory, prefix, count: images };
    const printed = await run(process.execPath, [program(), JSON.stringify(task)], { timeout: 580_000 });
    return printed
      .trim()
      .split('\n')
      .map((line) => {
        const [took = NaN, cpu = NaN] = line.split(' ').map(Number);
        return { took, cpu };
      });
  };
  const expectAll = async (
    directory: string,
    first: readonly Time[],
    second: readonly Time[],
  ): Promise<void> => {
    const entries = await singleLayout(directory).names.entries();
    const names = entries.map(({ annotations }) => annotations?.['org.opencontainers.image.ref.name']);
    const digests = entries.map(({ digest }) => digest);
    for (const list of [entries, new Set(names), new Set(digests)]) expect([...list]).toHaveLength(count);
    const ratio = mean(second, 'took') / mean(first, 'took');
    const ofCpu = mean(second, 'cpu') / mean(first, 'cpu');
    console.log(
      `${mean(first, 'took').toFixed(1)} ms each of the first hundred, ${mean(second, 'took').toFixed(1)} ms each of ` +
        `the second half: ${ratio.toFixed(2)} times; of the processor's time ${ofCpu.toFixed(2)} times`,
    );
    // Where the machine got busy with other things in the meantime, only the processor's time tells.
    expect(Math.min(ratio, ofCpu)).toBeLessThan(5);
  };

  play(
    'by one process',
    [],
    async (stage) => {
      const directory = stage.newFolder('layout');
      const times = await tag(directory, 'p', count);
      await expectAll(directory, times.slice(0, 100), times.slice(count / 2));
    },
    600_000,
  );

  play(
    'by eight processes at once',
    [],
    async (stage) => {
      const directory = stage.newFolder('layout');
      const each = count / 8;
      const all = await Promise.all(Array.from({ length: 8 }, (_, at) => tag(directory, `p${at}`, each)));
      const first = all.flatMap((times) => times.slice(0, 13));
      await expectAll(
        directory,
        first,
        all.flatMap((times) => times.slice(each / 2)),
      );
    },
    600_000,
  );

  play(
    'what others make of eight writers',
    [],
    async (stage) => {
      const image = await makeImage(stage, 'source', { layers: 1, size: 1000 });
      const { host } = await serve(stage, join(stage.folder, 'data'));
      await stage.stowage('copy', `oci-layout:${image.directory}:latest`, `${host}/source:1`);
      const from = `${image.directory}:latest`;
      const writers: Readonly<Record<string, (directory: string, tag: string) => readonly string[]>> = {
        skopeo: (directory, name) => ['copy', '-q', `oci:${from}`, `oci:${directory}:${name}`],
        oras: (directory, name) => [
          'cp',
          '--no-tty',
          '--from-oci-layout',
          from,
          '--to-oci-layout',
          `${directory}:${name}`,
        ],
        crane: (directory) => ['pull', '--format=oci', `${host}/source:1`, directory],
      };
      const each = 15;
      for (const [tool, argsFor] of Object.entries(writers).filter(([name]) => find(name) !== undefined)) {
        const directory = stage.newFolder(tool);
        const work = async (writer: number): Promise<number> => {
          let failed = 0;
          for (let at = 0; at < each; at++) {
            const { code } = await attempt(tool, argsFor(directory, `p${writer}-${at}`));
            if (code !== 0) failed++;
          }
          return failed;
        };
        const failed = (await Promise.all(Array.from({ length: 8 }, (_, writer) => work(writer)))).reduce(
          (a, b) => a + b,
        );
        const left = await readFile(join(directory, 'index.json'), 'utf8')
          .then(
            (text) => (JSON.parse(text) as { manifests: unknown[] }).manifests.length,
            () => 0,
          )
          .catch((error: unknown) => `${String(error)}: 0`);
        console.log(
          `${tool}: eight writers of ${each} each: ${left} entries of ${8 * each - failed} that it said it wrote; it failed ${failed} times`,
        );
      }
    },
    300_000,
  );
});
