import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  expectInRegistry,
  expectSameLayout,
  makeImage,
  packLayout,
  partsOf,
  readLayout,
  unpackLayout,
  type Layout,
} from './images.ts';
import { containerd, dockerd, serve } from './servers.ts';
import { play, type Stage } from './stage.ts';

const image = { platforms: 1 };
const index = { platforms: 3 };

describe.each([
  ['an image', image],
  ['an index', index],
])('%s through `stowage serve`, by', (_, options) => {
  play('skopeo', ['skopeo'], async (stage) => {
    const { layout, reference } = await prepare(stage, options);
    const copy = ['copy', '--all', '--src-tls-verify=false', '--dest-tls-verify=false'];

    await stage.run('skopeo', ...copy, `oci:${layout.directory}:latest`, `docker://${reference}`);
    await expectInRegistry(reference, layout);

    await stage.run('skopeo', ...copy, `docker://${reference}`, `oci:${stage.folder}/back:2`);
    await expectSameLayout(await readLayout(join(stage.folder, 'back'), '2'), layout);
  });

  play('crane', ['crane'], async (stage) => {
    const { layout, reference } = await prepare(stage, options);

    await stage.run('crane', 'push', layout.directory, reference);
    await expectInRegistry(reference, layout);

    await stage.run('crane', 'pull', '--format=oci', reference, join(stage.folder, 'back'));
    await expectSameLayout(await readLayout(join(stage.folder, 'back')), layout);
  });

  play('oras', ['oras'], async (stage) => {
    const { layout, reference } = await prepare(stage, options);
    const [from, to] = [`${layout.directory}:latest`, `${stage.folder}/back:2`];

    await stage.run('oras', 'cp', '--no-tty', '--from-oci-layout', from, '--to-plain-http', reference);
    await expectInRegistry(reference, layout);

    await stage.run('oras', 'cp', '--no-tty', '--from-plain-http', reference, '--to-oci-layout', to);
    await expectSameLayout(await readLayout(join(stage.folder, 'back'), '2'), layout);
  });

  play('containerd', ['containerd', 'tar'], async (stage) => {
    const { layout, reference } = await prepare(stage, options);
    const tar = join(stage.folder, 'back.tar');

    const sender = await containerd(stage);
    await sender(
      'images',
      'import',
      '--all-platforms',
      '--no-unpack',
      await packLayout(stage, layout, reference),
    );
    await sender('images', 'push', '--plain-http', reference);
    await expectInRegistry(reference, layout);

    const receiver = await containerd(stage);
    await receiver('content', 'fetch', '--plain-http', '--all-platforms', reference);
    await receiver('images', 'export', '--all-platforms', tar, reference);
    await expectSameLayout(await unpackLayout(stage, tar), layout);
  });

  play('Docker', ['dockerd', 'tar'], async (stage) => {
    const { layout, reference } = await prepare(stage, options);
    const tar = join(stage.folder, 'back.tar');

    const docker = await dockerd(stage);
    await docker('load', '-i', await packLayout(stage, layout, reference));
    await docker('push', reference);
    await expectInRegistry(reference, layout);

    await docker('image', 'rm', '--force', reference);
    await docker('pull', '--quiet', reference);
    const digests = await docker('image', 'inspect', '--format', '{{.RepoDigests}}', reference);
    expect(digests).toContain(layout.digest);
    if (options === index) return; // it pulls, and saves, its own platform alone
    await docker('save', '-o', tar, reference);
    await expectSameLayout(await unpackLayout(stage, tar), layout);
  });
});

// These two unpack what they get, and compress it anew before they push it: the same files, in other blobs.
// What stays the same is the configuration, which has the digests of the files; its digest is the image's ID.
// An index they send as it came.
describe.each(['podman', 'buildah'] as const)('through `stowage serve`, by %s', (engine) => {
  play('an image', [engine], async (stage) => {
    const { layout, reference } = await prepare(stage, image);
    const id = (await partsOf(layout)).find(({ bytes }) => bytes.includes('rootfs'))?.digest.slice(7);

    const sender = storage(stage, engine, 'sender');
    await sender('pull', '--quiet', `oci:${layout.directory}:latest`);
    await sender('push', '--tls-verify=false', id ?? '', `docker://${reference}`);

    const receiver = storage(stage, engine, 'receiver');
    expect(await receiver('pull', '--quiet', '--tls-verify=false', reference)).toBe(`${id}\n`);
  });

  play('an index', [engine], async (stage) => {
    const { layout, reference } = await prepare(stage, index);

    const sender = storage(stage, engine, 'sender');
    await sender('manifest', 'create', 'list');
    await sender('manifest', 'add', '--all', 'list', `oci:${layout.directory}:latest`);
    await sender('manifest', 'push', '--all', '--tls-verify=false', 'list', `docker://${reference}`);
    await expectInRegistry(reference, layout);

    const receiver = storage(stage, engine, 'receiver');
    const id = await receiver('pull', '--quiet', '--tls-verify=false', reference);
    expect((await partsOf(layout)).map(({ digest }) => digest)).toContain(`sha256:${id.trim()}`);
  });
});

describe('a container of an image that went through `stowage serve`', () => {
  play('runs in Docker', ['dockerd', 'runc', 'cc'], async (stage) => {
    const { reference } = await prepare(stage, image);
    const context = join(stage.folder, 'context');
    await mkdir(context);
    await writeFile(join(context, 'hello.c'), '#include <stdio.h>\nint main(void) { puts("hello"); }\n');
    await stage.run('cc', '-static', '-o', join(context, 'hello'), join(context, 'hello.c'));
    await writeFile(join(context, 'Dockerfile'), 'FROM scratch\nCOPY hello /hello\nCMD ["/hello"]\n');

    const docker = await dockerd(stage);
    await docker('buildx', 'build', '--push', '--provenance=false', '--tag', reference, context);
    await docker('image', 'rm', '--force', reference).catch(() => {});
    expect(await docker('run', '--rm', '--network', 'none', reference)).toBe('hello\n');
  });
});

/** An image, and where in a registry of its own it is to go. */
async function prepare(
  stage: Stage,
  options: { readonly platforms: number },
): Promise<{ layout: Layout; reference: string }> {
  const layout = await makeImage(stage, 'source', options);
  const { host } = await serve(stage, join(stage.folder, 'data'));
  return { layout, reference: `${host}/team/app:1` };
}

/** The engine, with a storage of its own. */
function storage(
  stage: Stage,
  engine: 'podman' | 'buildah',
  name: string,
): (...args: readonly string[]) => Promise<string> {
  const folder = join(stage.folder, name);
  const flags = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
  return (...args) => stage.run(engine, ...flags, ...args);
}
