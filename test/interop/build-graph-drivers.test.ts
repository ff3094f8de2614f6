import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished } from 'vitest';
import { buildTests, type Builder } from './builder.ts';
import { dockerd, dockerRegistry, proxy } from './servers.ts';

const build = buildTests({ graphDrivers: true });

let bases: Promise<string> | undefined;

/** A layout with an image that greets, as `app:1.0`: built in the engine, which can save it, and not write it elsewhere. */
function baseLayout(builder: Builder): Promise<string> {
  return (bases ??= (async () => {
    const { stage, docker, context } = builder;
    const file = await builder.dockerfile('FROM scratch\nCOPY hello /hello\nCMD ["/hello"]\n');
    const [archive, folder] = [`${stage.newFolder('saved')}.tar`, stage.newFolder('base')];
    await succeed(builder, '-f', file, '-t', 'saved:1', context);
    await docker('save', '-o', archive, 'saved:1');
    await stage.stowage('copy', `docker-archive:${archive}:saved:1`, `oci-layout:${folder}::app:1.0`);
    await docker('image', 'rm', 'saved:1');
    return folder;
  })());
}

/** Builds, which has to succeed. @returns what was told */
async function succeed(builder: Builder, ...args: readonly string[]): Promise<string> {
  const { code, stderr } = await builder.build(...args);
  expect(code, stderr).toBe(0);
  return stderr;
}

describe('an engine that keeps its images by graph drivers builds from', () => {
  build('a layout, and knows it again the next time, though nothing of it is left', [], async (builder) => {
    const folder = await baseLayout(builder);
    const file = await builder.dockerfile('FROM base\nCOPY hello /again\n');
    const args = ['-f', file, '--context', `base=oci-layout:${folder}:1.0`, '-t'];
    expect(await succeed(builder, ...args, 'top:1', builder.context)).not.toContain('CACHED');
    expect(await succeed(builder, ...args, 'top:2', builder.context)).toContain('CACHED');
    const ids = await builder.docker(
      'image',
      'ls',
      '--all',
      '--no-trunc',
      '--format',
      '{{.Repository}} {{.ID}}',
    );
    const [first = '', ...others] = ids.trim().split('\n');
    expect(first).toMatch(/^top sha256:/);
    expect(others).toEqual([first]);
  });

  build('an archive and a registry at once: the image runs', ['runc', 'docker-registry'], async (builder) => {
    const folder = await baseLayout(builder);
    const archive = `${builder.stage.newFolder('archive')}.tar`;
    const { host } = await dockerRegistry(builder.stage);
    for (const to of [`oci-archive:${archive}:1`, `${host}/team/app:1`])
      await builder.stage.stowage('copy', `oci-layout:${folder}:1.0`, to);
    const file = await builder.dockerfile('FROM base\nCOPY --from=other /hello /other\nCMD ["/other"]\n');
    const contexts = ['--context', `base=oci-archive:${archive}:1`, '--context', `other=${host}/team/app:1`];
    await succeed(builder, '-f', file, ...contexts, '-t', 'both:1', builder.context);
    expect(await builder.docker('run', '--rm', '--network', 'host', 'both:1')).toBe('hello\n');
  });
});

/** The images that the engine has, with all their names. */
async function imagesIn({ docker }: Builder): Promise<readonly string[]> {
  const images = await docker(
    'image',
    'ls',
    '--all',
    '--digests',
    '--format',
    '{{.Repository}}:{{.Tag}} {{.Digest}}',
  );
  return images
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

describe('what it built it pushes, by way of the one that builds,', () => {
  build('into layouts and archives, and tars: one image everywhere', ['skopeo'], async (builder) => {
    const { stage, docker, context } = builder;
    const before = await imagesIn(builder);
    const file = await builder.dockerfile('FROM scratch\nCOPY hello /hello\nCMD ["/hello"]\n');
    const out = stage.newFolder('out');
    await mkdir(out);
    const to = (name: string): string => join(out, name);
    const outputs = [
      `oci-layout:${to('layout')}:1`,
      `oci-archive:${to('a.tar')}:1`,
      `docker-archive:${to('b.tar')}:b:1`,
      `type=oci,name=team/c:1,dest=${to('c.tar')}`,
      `type=docker,name=d:1,dest=${to('d.tar')}`,
      'type=image,name=own:1',
    ].flatMap((output) => ['-o', output]);
    const ended = await builder.build('-f', file, ...outputs, '--metadata-file', to('told'), context);
    expect(ended.code, ended.stderr).toBe(0);
    const digest = ended.stdout.trim();
    expect(JSON.parse(await readFile(to('told'), 'utf8'))).toMatchObject({
      'containerimage.digest': digest,
      'containerimage.descriptor': { digest, mediaType: 'application/vnd.oci.image.manifest.v1+json' },
      'image.name': 'docker.io/library/own:1',
    });
    for (const place of [
      `oci:${to('layout')}:1`,
      `oci-archive:${to('a.tar')}:1`,
      `oci-archive:${to('c.tar')}:1`,
    ])
      expect(JSON.parse(await stage.run('skopeo', 'inspect', place))).toMatchObject({ Digest: digest });
    expect(await imagesIn(builder)).toEqual([...before, 'own:1 <none>'].sort());
    await docker('image', 'rm', 'own:1');
    for (const name of ['b', 'd']) {
      expect(await docker('load', '-i', to(`${name}.tar`))).toContain(`${name}:1`);
      expect(await docker('run', '--rm', '--network', 'host', `${name}:1`)).toBe('hello\n');
      await docker('image', 'rm', `${name}:1`);
    }
    expect((await readdir(out)).sort()).toEqual(['a.tar', 'b.tar', 'c.tar', 'd.tar', 'layout', 'told']);
  });

  build('into registries, and not again what is there', ['docker-registry'], async (builder) => {
    const { stage, context } = builder;
    const before = await imagesIn(builder);
    const seen = await proxy(stage, await dockerRegistry(stage));
    await writeFile(join(context, 'large'), randomBytes(12_000_000));
    const file = await builder.dockerfile('FROM scratch\nCOPY hello /\nCOPY large /\n');
    const push = ['-f', file, '--push', context, '-t'];
    expect((await builder.build(...push, `${seen.host}/team/app:1`)).stderr).toContain('12.00MB / 12.00MB');
    const { byMethod: first } = await seen.seen();
    expect(await builder.build(...push, `${seen.host}/team/app:2`)).toMatchObject({ code: 0 });
    const { byMethod: both } = await seen.seen();
    // The same manifest gets one more name; that what it consists of is there, is asked.
    expect({ ...both, HEAD: 0, GET: 0 }).toEqual({ ...first, HEAD: 0, GET: 0, PUT: (first['PUT'] ?? 0) + 1 });
    expect(await stage.stowage('lookup', `${seen.host}/team/app:2`)).toContain('sha256:');
    expect(await imagesIn(builder)).toEqual(before);
  });

  build('until it is interrupted, and leaves nothing in the engine', [], async (builder) => {
    const before = await imagesIn(builder);
    // A registry that never answers.
    const silent = createServer((socket) => void socket.on('error', () => {}).resume()).listen(
      0,
      '127.0.0.1',
    );
    onTestFinished(() => void silent.close());
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const file = await builder.dockerfile('FROM scratch\nCOPY hello /\n');
    const running = builder.startBuild(
      '-f',
      file,
      '-t',
      `127.0.0.1:${port}/app:1`,
      '--push',
      builder.context,
    );
    await running.line(/pushing the image from the engine/);
    expect(await imagesIn(builder)).toHaveLength(before.length + 1);
    running.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
    expect(await imagesIn(builder)).toEqual(before);
  });
});

describe('what it cannot do is told before the build begins:', () => {
  for (const [what, flags] of Object.entries({
    'another compression': '-o type=oci,dest=out.tar,compression=zstd',
    'an attestation': '-t 127.0.0.1:1/app:1 --push --attest type=provenance',
    'two platforms': '-t app:1 --platform linux/amd64,linux/arm64',
    'a cache': '-t app:1 --cache-to type=registry,ref=127.0.0.1:1/cache:1',
  }))
    build(what, [], async (builder) => {
      const file = await builder.dockerfile('FROM scratch\nCOPY hello /\n');
      const { code, stderr } = await builder.build('-f', file, ...flags.split(' '), builder.context);
      expect(code).toBe(1);
      expect(stderr).toMatch(/by graph drivers, and so .*"containerd-snapshotter": true.*BUILDKIT_HOST/);
      expect(stderr).not.toContain('#1');
    });
});

build('one in a network of its own says that it does not find the way here', ['unshare'], async (builder) => {
  const folder = await baseLayout(builder);
  const { env } = await dockerd(builder.stage, { graphDrivers: true, apart: true });
  const file = await builder.dockerfile('FROM base\n');
  const address = ['--address', env['DOCKER_HOST'] ?? ''];
  const context = ['--context', `base=oci-layout:${folder}:1.0`];
  const { code, stderr } = await builder.build('-f', file, ...address, ...context, builder.context);
  expect(code).toBe(1);
  expect(stderr).toMatch(/the engine did not get at the images that are shown to it on 127\.0\.0\.1:\d+/);
  const plain = await builder.dockerfile('FROM scratch\nCOPY hello /\n');
  const layout = ['-o', `oci-layout:${folder}:2`];
  const written = await builder.build('-f', plain, ...address, ...layout, builder.context);
  expect(written.code).toBe(1);
  expect(written.stderr).toMatch(/the engine did not get at what takes its image on 127\.0\.0\.1:\d+/);
});
