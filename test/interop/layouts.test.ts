import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  blobFile,
  expectInRegistry,
  expectSameLayout,
  makeImage,
  partsOf,
  readLayout,
  unpackLayout,
  type Layout,
} from './images.ts';
import { dockerd, serve, type Docker } from './servers.ts';
import { play, type Stage } from './stage.ts';

describe('the folder of a repository of `stowage serve` is a layout, for', () => {
  play('skopeo', ['skopeo'], async (stage) => {
    const { image, index } = await pushBoth(stage);
    for (const { layout, directory } of [image, index]) {
      await stage.run('skopeo', 'copy', '--all', `oci:${directory}:1`, `oci:${directory}-read:1`);
      await expectSameLayout(await readLayout(`${directory}-read`, '1'), layout);
    }
  });

  play('umoci', ['umoci'], async (stage) => {
    const { image, index } = await pushBoth(stage);
    expect(await stage.run('umoci', 'ls', '--layout', index.directory)).toBe('1\n');
    expect(await stage.run('umoci', 'ls', '--layout', image.directory)).toBe('1\n');
    const { directory } = image;
    await stage.run('umoci', 'raw', 'unpack', '--image', `${directory}:1`, join(stage.folder, 'files'));
    expect(await readFile(join(stage.folder, 'files/data/amd64-0'))).toHaveLength(50_000);
  });

  play('oras', ['oras'], async (stage) => {
    const { image, index } = await pushBoth(stage);
    for (const { layout, directory } of [image, index]) {
      expect(await stage.run('oras', 'repo', 'tags', '--oci-layout', directory)).toBe('1\n');
      const to = `${directory}-read`;
      await stage.run(
        'oras',
        'cp',
        '--no-tty',
        '--from-oci-layout',
        `${directory}:1`,
        '--to-oci-layout',
        `${to}:1`,
      );
      await expectSameLayout(await readLayout(to, '1'), layout);
    }
  });

  play('crane', ['crane'], async (stage) => {
    const { image, index, host } = await pushBoth(stage);
    for (const { layout, directory, repository } of [image, index]) {
      await stage.run('crane', 'push', directory, `${host}/crane/${repository}:1`);
      await expectInRegistry(`${host}/crane/${repository}:1`, layout);
    }
  });

  play('podman', ['podman'], async (stage) => {
    const { image, index } = await pushBoth(stage);
    for (const { layout, directory } of [image, index]) {
      const storage = [
        '--root',
        `${stage.folder}/root`,
        '--runroot',
        `${stage.folder}/run`,
        '--storage-driver',
        'vfs',
      ];
      const id = await stage.run('podman', ...storage, 'pull', '--quiet', `oci:${directory}:1`);
      expect((await partsOf(layout)).map(({ digest }) => digest)).toContain(`sha256:${id.trim()}`);
    }
  });

  play('BuildKit, as a named context', ['dockerd', 'tar'], async (stage) => {
    const { image, index } = await pushBoth(stage);
    const docker = await dockerd(stage);
    for (const { layout, directory } of [image, index]) {
      for (const reference of [`${directory}:1`, `${directory}@${layout.digest}`]) {
        const built = await build(stage, docker, `oci-layout://${reference}`);
        // It stands on the two layers of the image for this machine.
        const parts = (await partsOf(built)).map(({ digest }) => digest);
        const own = (await partsOf(layout)).map(({ digest }) => digest);
        expect(parts.filter((digest) => own.includes(digest))).toHaveLength(2);
      }
    }
  });
});

describe('a layout that others wrote is read by `stowage`: that of', () => {
  play('skopeo', ['skopeo'], async (stage) => {
    const layout = await makeImage(stage, 'source', { platforms: 3 });
    const directory = stage.newFolder('written');
    await stage.run('skopeo', 'copy', '--all', `oci:${layout.directory}:latest`, `oci:${directory}:1`);
    await expectReadable(stage, directory, { ...layout, tag: '1' });
  });

  play('oras', ['oras'], async (stage) => {
    const layout = await makeImage(stage, 'source', { platforms: 3 });
    const directory = stage.newFolder('written');
    const from = ['--from-oci-layout', `${layout.directory}:latest`];
    await stage.run('oras', 'cp', '--no-tty', ...from, '--to-oci-layout', `${directory}:1`);
    await expectReadable(stage, directory, { ...layout, tag: '1' });
  });

  play('crane', ['crane'], async (stage) => {
    const { index, host } = await pushBoth(stage);
    const directory = stage.newFolder('written');
    await stage.run('crane', 'pull', '--format=oci', `${host}/${index.repository}:1`, directory);
    // It gives it no name.
    await expectReadable(stage, directory, { ...index.layout, tag: '' });
  });

  play('umoci', ['umoci'], async (stage) => {
    const directory = stage.newFolder('written');
    await stage.run('umoci', 'init', '--layout', directory);
    await stage.run('umoci', 'new', '--image', `${directory}:1`);
    await stage.run('umoci', 'config', '--image', `${directory}:1`, '--author', 'nobody');
    await expectReadable(stage, directory, await readLayout(directory, '1'));
  });

  play('BuildKit', ['dockerd', 'tar'], async (stage) => {
    const { image } = await pushBoth(stage);
    const built = await build(stage, await dockerd(stage), `oci-layout://${image.directory}:1`);
    await expectReadable(stage, built.directory, { ...built, tag: '' });
  });
});

describe('blobs that repositories have in common', () => {
  play('are on the disk once', [], async (stage) => {
    const { image, directory, host } = await pushBoth(stage);
    await stage.stowage('copy', `${host}/${image.repository}:1`, `${host}/mounted:1`);
    await stage.stowage('copy', `oci-layout:${image.layout.directory}:latest`, `${host}/pushed/again:1`);
    for (const { digest } of await partsOf(image.layout)) {
      const files = [image.repository, 'mounted', 'pushed/again'].map((repository) =>
        stat(blobFile(join(directory, repository), digest)),
      );
      const inodes = (await Promise.all(files)).map(({ ino }) => ino);
      expect(new Set(inodes).size, digest).toBe(1);
    }
  });
});

interface Pushed {
  readonly layout: Layout;
  readonly repository: string;
  /** The folder of the repository. */
  readonly directory: string;
}

/** A server with an image and an index in it. */
async function pushBoth(
  stage: Stage,
): Promise<{ image: Pushed; index: Pushed; directory: string; host: string }> {
  const data = join(stage.folder, 'data');
  const { host } = await serve(stage, data);
  const push = async (repository: string, platforms: number): Promise<Pushed> => {
    const layout = await makeImage(stage, repository, { platforms, layers: 2 });
    await stage.stowage('copy', `oci-layout:${layout.directory}:latest`, `${host}/${repository}:1`);
    return { layout, repository, directory: join(data, repository) };
  };
  return { host, directory: data, image: await push('image', 1), index: await push('index', 3) };
}

/** Builds on top of a context that is called `base`. */
async function build(stage: Stage, docker: Docker, base: string): Promise<Layout> {
  const context = stage.newFolder('context');
  await mkdir(context);
  await writeFile(join(context, 'Dockerfile'), 'FROM base\nCOPY Dockerfile /\n');
  const tar = `${context}.tar`;
  const output = ['--provenance=false', '--output', `type=oci,dest=${tar}`];
  await docker('buildx', 'build', '--build-context', `base=${base}`, ...output, context);
  return unpackLayout(stage, tar);
}

/** Checks that `lookup` and `copy` find, in a folder, what is there: by its tag, where it has one, else by its digest. */
async function expectReadable(stage: Stage, directory: string, layout: Layout): Promise<void> {
  const reference = `oci-layout:${directory}${layout.tag === '' ? `@${layout.digest}` : `:${layout.tag}`}`;
  expect(await stage.stowage('lookup', '--digest', reference)).toBe(`${layout.digest}\n`);
  const index = JSON.parse(await stage.stowage('lookup', reference)) as { manifests: readonly unknown[] };
  expect(index.manifests.length).toBeGreaterThan(0);

  const copied = stage.newFolder('copied');
  await stage.stowage('copy', reference, `oci-layout:${copied}:copied`);
  await expectSameLayout(await readLayout(copied, 'copied'), { ...layout, directory });
}
