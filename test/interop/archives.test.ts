import { createHash } from 'node:crypto';
import { mkdir, open, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { copy } from '../../src/image/index.ts';
import type { ImageName } from '../../src/layout-index/index.ts';
import type { Digest } from '../../src/oci/index.ts';
import { archiveRegistry, type ArchiveFormat, type ArchiveRegistry } from '../../src/store/archive/index.ts';
import { singleLayout } from '../../src/store/layout/index.ts';
import { formatEntry } from '../../src/tar/index.ts';
import { digestOf, expectSameLayout, makeImage, partsOf, readLayout, type Layout } from './images.ts';
import { containerd, dockerd, serve, type Docker } from './servers.ts';
import { play, type Stage } from './stage.ts';

describe('an archive that others wrote is read: that of', () => {
  play(
    'skopeo, as OCI layout: an image and an index, plain, with gzip and with zstd',
    ['skopeo', 'tar'],
    async (stage) => {
      for (const platforms of [1, 3]) {
        const layout = await makeImage(stage, `source-${platforms}`, { platforms });
        const file = `${stage.newFolder('written')}.tar`;
        await stage.run(
          'skopeo',
          'copy',
          '--all',
          `oci:${layout.directory}:latest`,
          `oci-archive:${file}:x/y:1`,
        );
        await stage.run('gzip', '--keep', file);
        await stage.run('zstd', '-q', '--keep', file);
        for (const name of [file, `${file}.gz`, `${file}.zst`]) {
          await reading(name, 'oci', async (archive) => {
            for (const query of [{ name: 'x/y:1' }, { tag: '1' }, {}])
              expect((await archive.names.resolve(query)).digest).toBe(layout.digest);
            await expectSameParts(archive, layout);
          });
        }
      }
    },
  );

  play(
    'skopeo, as by `docker save`: with the digest that Docker gives it, as it has no manifest',
    ['skopeo', 'dockerd'],
    async (stage) => {
      const layout = await makeImage(stage, 'source');
      const file = `${stage.newFolder('written')}.tar`;
      await stage.run(
        'skopeo',
        'copy',
        '--additional-tag',
        'x/y:2',
        `oci:${layout.directory}:latest`,
        `docker-archive:${file}:x/y:1`,
      );
      const docker = await dockerd(stage);
      await docker('load', '--input', file);
      const id = (await docker('image', 'inspect', '--format', '{{.Id}}', 'x/y:1')).trim();
      await reading(file, 'docker', async (archive) => {
        expect((await archive.names.resolve({ name: 'x/y:1' })).digest).toBe(id);
        expect((await archive.names.resolve({ name: 'docker.io/x/y:2' })).digest).toBe(id);
        await expectSameFiles(archive, layout);
      });
    },
  );

  play('podman, in both formats, of one image and of several', ['podman', 'root'], async (stage) => {
    const layout = await makeImage(stage, 'source');
    const other = await makeImage(stage, 'other', { seed: 2 });
    const podman = storage(stage);
    for (const [at, { directory }] of [layout, other].entries()) {
      const id = (await podman('pull', '--quiet', `oci:${directory}:latest`)).trim();
      await podman('tag', id, `localhost/made:${at}`);
    }
    const written = stage.newFolder('written');
    await podman('save', '--quiet', '--output', `${written}-docker.tar`, 'localhost/made:0');
    await podman(
      'save',
      '--quiet',
      '--multi-image-archive',
      '--output',
      `${written}-both.tar`,
      'localhost/made:0',
      'localhost/made:1',
    );
    await podman(
      'save',
      '--quiet',
      '--format',
      'oci-archive',
      '--output',
      `${written}-oci.tar`,
      'localhost/made:0',
    );
    for (const [name, format] of [
      ['docker', 'docker'],
      ['both', 'docker'],
      ['oci', 'oci'],
    ] as const) {
      await reading(`${written}-${name}.tar`, format, async (archive) => {
        await expectSameFiles(archive, layout, { name: 'localhost/made:0' });
        if (name === 'both') await expectSameFiles(archive, other, { name: 'localhost/made:1' });
      });
    }
  });

  play('docker 28: an image, and an index with several names', ['dockerd', 'skopeo'], async (stage) => {
    const docker = await dockerd(stage);
    for (const platforms of [1, 3]) {
      const layout = await makeImage(stage, `source-${platforms}`, { platforms });
      const file = `${stage.newFolder('loaded')}.tar`;
      await writing(file, 'oci', layout, [{ name: `stowage/${platforms}:1` }]);
      await docker('load', '--input', file);
      await docker('tag', `stowage/${platforms}:1`, `stowage/${platforms}:2`);
      const saved = `${stage.newFolder('saved')}.tar`;
      await docker('save', '--output', saved, `stowage/${platforms}:1`, `stowage/${platforms}:2`);
      for (const format of ['docker', 'oci'] as const) {
        await reading(saved, format, async (archive) => {
          for (const tag of ['1', '2'])
            expect((await archive.names.resolve({ name: `stowage/${platforms}`, tag })).digest).toBe(
              layout.digest,
            );
          await expectSameParts(archive, layout);
        });
      }
    }
  });

  play('buildx, for the outputs oci and docker', ['dockerd'], async (stage) => {
    const docker = await dockerd(stage);
    const context = stage.newFolder('context');
    await mkdir(context);
    await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /\n');
    for (const format of ['oci', 'docker'] as const) {
      const file = `${context}-${format}.tar`;
      await docker('buildx', 'build', '--output', `type=${format},dest=${file}`, '--tag', 'built:1', context);
      await reading(file, format, async (archive) => {
        const { digest } = await archive.names.resolve({ name: 'docker.io/library/built:1' });
        await readAll(archive, digest);
      });
    }
  });

  play('oras, of a backup with referrers', ['oras'], async (stage) => {
    const layout = await makeImage(stage, 'source', { platforms: 3 });
    const { host } = await serve(stage, join(stage.folder, 'data'));
    await stage.stowage('copy', `oci-layout:${layout.directory}:latest`, `${host}/team/x:1`);
    const file = `${stage.newFolder('written')}.tar`;
    await stage.run(
      'oras',
      'attach',
      '--no-tty',
      '--plain-http',
      '--artifact-type',
      'application/x',
      '--annotation',
      'a=b',
      `${host}/team/x:1`,
    );
    await stage.run(
      'oras',
      'backup',
      '--no-tty',
      '--plain-http',
      '--include-referrers',
      '--output',
      file,
      `${host}/team/x:1`,
    );
    await reading(file, 'oci', async (archive) => {
      expect((await archive.names.resolve({ tag: '1' })).digest).toBe(layout.digest);
      await expectSameParts(archive, layout);
      const types: unknown[] = [];
      for await (const { artifactType } of archive.referrers('archive', layout.digest as Digest))
        types.push(artifactType);
      expect(types).toEqual(['application/x']);
    });
  });

  play('crane: tarballs whose layers are compressed', ['crane'], async (stage) => {
    const layout = await makeImage(stage, 'source');
    const { host } = await serve(stage, join(stage.folder, 'data'));
    await stage.stowage('copy', `oci-layout:${layout.directory}:latest`, `${host}/team/x:1`);
    for (const format of ['tarball', 'legacy']) {
      const file = `${stage.newFolder('written')}.tar`;
      await stage.run('crane', 'pull', '--insecure', `--format=${format}`, `${host}/team/x:1`, file);
      await reading(file, 'docker', async (archive) => {
        const { digest } = await archive.names.resolve({ name: `${host}/team/x:1` });
        await readAll(archive, digest);
      });
    }
  });

  play('GNU tar, of a layout folder', ['tar'], async (stage) => {
    const layout = await makeImage(stage, 'source', { platforms: 3 });
    for (const format of ['gnu', 'posix', 'ustar', 'v7']) {
      const file = `${layout.directory}-${format}.tar`;
      await stage.run('tar', `--format=${format}`, '-C', layout.directory, '-cf', file, '.');
      await reading(file, 'oci', (archive) => expectSameParts(archive, layout));
    }
  });
});

describe('an archive that we wrote is read, by its name, by', () => {
  play('skopeo, in both formats', ['skopeo'], async (stage) => {
    for (const platforms of [1, 3]) {
      const layout = await makeImage(stage, `source-${platforms}`, { platforms });
      const [oci, docker] = await writeBoth(stage, layout, 'x/y:1');
      const copied = stage.newFolder('copied');
      await stage.run('skopeo', 'copy', '--all', `oci-archive:${oci}:1`, `oci:${copied}:1`);
      await expectSameLayout(await readLayout(copied, '1'), layout);
      const raw = await stage.run('skopeo', 'inspect', '--raw', `docker-archive:${docker}:docker.io/x/y:1`);
      const { config } = JSON.parse(raw) as { config: { digest: string } };
      expect((await partsOf(layout)).map(({ digest }) => digest)).toContain(config.digest);
      await stage.run('skopeo', 'copy', `docker-archive:${docker}`, `oci:${stage.newFolder('copied')}:1`);
    }
  });

  play('podman, in both formats', ['podman', 'root'], async (stage) => {
    const layout = await makeImage(stage, 'source', { platforms: 3 });
    const parts = (await partsOf(layout)).map(({ digest }) => digest);
    const [, docker] = await writeBoth(stage, layout, 'x/y:1');
    const podman = storage(stage);
    expect(await podman('load', '--quiet', '--input', docker)).toContain('docker.io/x/y:1');
    const id = (await podman('image', 'inspect', '--format', '{{.Id}}', 'docker.io/x/y:1')).trim();
    expect(parts).toContain(`sha256:${id}`);
    const file = `${stage.newFolder('oci')}.tar`;
    await writing(file, 'oci', layout, [{ name: 'x/z:1' }]);
    const pulled = (await podman('pull', '--quiet', `oci-archive:${file}:1`)).trim();
    expect(pulled).toBe(id);
  });

  play('containerd', ['containerd'], async (stage) => {
    const layout = await makeImage(stage, 'source', { platforms: 3 });
    const ctr = await containerd(stage);
    for (const file of await writeBoth(stage, layout, 'x/y:1')) {
      await ctr('images', 'import', '--all-platforms', file);
      expect(await ctr('images', 'list')).toMatch(new RegExp(`docker\\.io/x/y:1 .*${layout.digest}`));
      await ctr('images', 'remove', 'docker.io/x/y:1');
    }
  });

  play('oras, without unpacking', ['oras'], async (stage) => {
    const layout = await makeImage(stage, 'source', { platforms: 3 });
    const file = `${stage.newFolder('written')}.tar`;
    await writing(file, 'oci', layout, [{ tag: 'v1' }]);
    expect(
      digestOf(Buffer.from(await stage.run('oras', 'manifest', 'fetch', '--oci-layout', `${file}:v1`))),
    ).toBe(layout.digest);
  });

  play('docker 28, plain and compressed: the image runs', ['dockerd', 'runc', 'cc'], async (stage) => {
    const docker = await dockerd(stage);
    const built = await buildHello(stage, docker);
    for (const [at, [format, suffix]] of (
      [
        ['oci', 'tar'],
        ['docker', 'tar'],
        ['docker', 'tar.gz'],
      ] as const
    ).entries()) {
      const file = `${stage.newFolder('again')}.${suffix}`;
      await reading(built, 'oci', async (from) => {
        const to = archiveRegistry(file, { format });
        const { digest } = await from.names.resolve({ name: 'hello:built' });
        await copy(
          { registry: from, repository: 'archive', digest },
          { registry: to, repository: 'archive' },
        );
        await to.names.name(digest, [{ name: `hello:${at}` }]);
        await to.commit();
        await to.close();
      });
      await docker('load', '--input', file);
      expect(await docker('run', '--rm', '--network', 'none', `hello:${at}`)).toBe('hello\n');
    }
  });
});

describe('an archive of 5 GiB', () => {
  play('is looked up in under a second, and read from its middle', [], async (stage) => {
    const { file, layer } = await writeHuge(stage);
    const started = performance.now();
    await reading(file, 'oci', async (archive) => {
      const { digest } = await archive.names.resolve({ tag: 'huge' });
      await (await archive.getManifest('archive', digest)).json();
      expect(performance.now() - started).toBeLessThan(1000);
      const middle = await archive.getBlob('archive', layer, {
        range: { start: 3 * 1024 ** 3, end: 3 * 1024 ** 3 + 10 },
      });
      expect([...(await middle.bytes())]).toEqual(Array(10).fill(0));
    });
  });
});

/** Opens an archive for a while. */
async function reading(
  file: string,
  format: ArchiveFormat,
  work: (archive: ArchiveRegistry) => Promise<void>,
): Promise<void> {
  const archive = archiveRegistry(file, { format });
  try {
    await work(archive);
  } finally {
    await archive.close();
  }
}

/** Writes a layout's image into an archive. */
async function writing(
  file: string,
  format: ArchiveFormat,
  layout: Layout,
  names: readonly ImageName[],
): Promise<void> {
  await reading(file, format, async (archive) => {
    const from = {
      registry: singleLayout(layout.directory),
      repository: 'layout',
      digest: layout.digest as Digest,
    };
    await copy(from, { registry: archive, repository: 'archive' });
    await archive.names.name(layout.digest as Digest, names);
    await archive.commit();
  });
}

async function writeBoth(
  stage: Stage,
  layout: Layout,
  name: string,
): Promise<readonly [oci: string, docker: string]> {
  const folder = stage.newFolder('written');
  const files = [`${folder}-oci.tar`, `${folder}-docker.tar`] as const;
  await writing(files[0], 'oci', layout, [{ name }]);
  await writing(files[1], 'docker', layout, [{ name }]);
  return files;
}

/** Checks that an archive has the very bytes of a layout. */
async function expectSameParts(archive: ArchiveRegistry, layout: Layout): Promise<void> {
  for (const { kind, digest, bytes } of await partsOf(layout)) {
    const read = kind === 'blobs' ? archive.getBlob : archive.getManifest;
    const content = await read('archive', digest as Digest);
    expect(bytes.equals(await content.bytes()), `${kind}/${digest}`).toBe(true);
  }
}

/** Checks that an archive has an image with the config of a layout's, and so with its files, whatever its manifest is. */
async function expectSameFiles(archive: ArchiveRegistry, layout: Layout, query = {}): Promise<void> {
  const { digest } = await archive.names.resolve(Object.keys(query).length === 0 ? { name: 'x/y:1' } : query);
  const { config } = await readAll(archive, digest);
  expect((await partsOf(layout)).map((part) => part.digest)).toContain(config);
}

/** Reads all that an image, or that of an index for this machine, consists of; contents check themselves. */
async function readAll(archive: ArchiveRegistry, digest: Digest): Promise<{ readonly config: string }> {
  interface Entry {
    readonly digest: Digest;
  }
  interface Document {
    readonly manifests?: readonly Entry[];
    readonly config: Entry;
    readonly layers: readonly Entry[];
  }
  const document = await (await archive.getManifest('archive', digest)).json<Document>();
  const [child] = document.manifests ?? [];
  if (child !== undefined) return readAll(archive, child.digest);
  for (const part of [document.config, ...document.layers])
    await (await archive.getBlob('archive', part.digest)).bytes();
  return { config: document.config.digest };
}

/** Builds an image that says hello. @returns its archive */
async function buildHello(stage: Stage, docker: Docker): Promise<string> {
  const context = stage.newFolder('context');
  await mkdir(context);
  await writeFile(join(context, 'hello.c'), '#include <stdio.h>\nint main(void) { puts("hello"); }\n');
  await stage.run('cc', '-static', '-o', join(context, 'hello'), join(context, 'hello.c'));
  await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY hello /hello\nCMD ["/hello"]\n');
  const file = `${context}.tar`;
  await docker('buildx', 'build', '--output', `type=oci,dest=${file}`, '--tag', 'hello:built', context);
  return file;
}

/** An archive with a layer of 5 GiB that takes no room on the disk: all of it are zeros. */
async function writeHuge(stage: Stage): Promise<{ readonly file: string; readonly layer: Digest }> {
  const size = 5 * 1024 ** 3;
  // Nobody reads it to its end, so its digest may be any.
  const layer = `sha256:${'0'.repeat(64)}` as Digest;
  const document = (path: string, content: string): Buffer =>
    Buffer.concat([
      formatEntry({ path, type: 'file', size: content.length, mode: 0o644 }),
      Buffer.from(content),
      Buffer.alloc((512 - (content.length % 512)) % 512),
    ]);
  const type = 'application/vnd.oci.image';
  const config = '{"architecture":"amd64","os":"linux"}';
  const describe = (mediaType: string, bytes: string) => ({
    mediaType,
    digest: digestOf(Buffer.from(bytes)),
    size: bytes.length,
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config: describe(`${type}.config.v1+json`, config),
    layers: [{ mediaType: `${type}.layer.v1.tar`, digest: layer, size }],
  });
  const entry = {
    ...describe(`${type}.manifest.v1+json`, manifest),
    annotations: { 'org.opencontainers.image.ref.name': 'huge' },
  };
  const path = (bytes: string): string => `blobs/sha256/${createHash('sha256').update(bytes).digest('hex')}`;
  const before = Buffer.concat([
    document('oci-layout', '{"imageLayoutVersion":"1.0.0"}'),
    formatEntry({ path: `blobs/sha256/${layer.slice(7)}`, type: 'file', size, mode: 0o644 }),
  ]);
  const after = Buffer.concat([
    document(path(config), config),
    document(path(manifest), manifest),
    document('index.json', JSON.stringify({ schemaVersion: 2, manifests: [entry] })),
    Buffer.alloc(1024),
  ]);
  const file = join(stage.folder, 'huge.tar');
  const handle = await open(file, 'w');
  await handle.write(before, 0, before.length, 0);
  await handle.write(after, 0, after.length, before.length + size);
  await handle.close();
  expect((await stat(file)).size).toBeGreaterThan(size);
  return { file, layer };
}

/** podman, with a storage of its own. */
function storage(stage: Stage): (...args: readonly string[]) => Promise<string> {
  const folder = stage.newFolder('podman');
  const flags = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
  return (...args) => stage.run('podman', ...flags, ...args);
}
