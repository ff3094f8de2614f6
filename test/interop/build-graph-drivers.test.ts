import { describe, expect } from 'vitest';
import { buildTests, type Builder } from './builder.ts';
import { dockerd, dockerRegistry } from './servers.ts';

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

describe('what it cannot do is told before the build begins:', () => {
  for (const [what, flags] of Object.entries({
    'a layout': '-o oci-layout:out:1',
    'a push': '-t 127.0.0.1:1/app:1 --push',
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

build('one in a network of its own says that it does not find the images', ['unshare'], async (builder) => {
  const folder = await baseLayout(builder);
  const { env } = await dockerd(builder.stage, { graphDrivers: true, apart: true });
  const file = await builder.dockerfile('FROM base\n');
  const address = ['--address', env['DOCKER_HOST'] ?? ''];
  const context = ['--context', `base=oci-layout:${folder}:1.0`];
  const { code, stderr } = await builder.build('-f', file, ...address, ...context, builder.context);
  expect(code).toBe(1);
  expect(stderr).toMatch(/the engine did not get at the images that are shown to it on 127\.0\.0\.1:\d+/);
});
