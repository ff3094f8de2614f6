import { Code } from '@connectrpc/connect';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { build, openDaemon, type BuildOptions } from '../../src/buildkit/index.ts';
import { Content } from '../../src/buildkit/proto/content_pb.ts';
import type { SolveRequest } from '../../src/buildkit/proto/control_pb.ts';
import { FileSync } from '../../src/buildkit/proto/filesync_pb.ts';
import type { Packet } from '../../src/buildkit/proto/fsutil_pb.ts';
import { Upload } from '../../src/buildkit/proto/upload_pb.ts';
import { digestOf, parsePlatform } from '../../src/oci/index.ts';
import { RegistryError, type Registry } from '../../src/registry/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { fakeDaemon, type FakeSession } from './fake-daemon.ts';
import { folder, line, packet } from './wired.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
/** What ends a list of files. */
const END = 3;
const DIGEST = digestOf(new TextEncoder().encode('whatever'));

interface Asked {
  readonly request: SolveRequest;
  readonly sessions: number;
}

/** What a builder is asked for, and, where it matters, what it does with the session meanwhile. */
async function ask(
  options: Omit<BuildOptions, 'daemon'>,
  {
    kind = 'buildkitd',
    response = {},
    meanwhile,
  }: {
    readonly kind?: 'docker' | 'buildkitd';
    readonly response?: Record<string, string>;
    readonly meanwhile?: (session: FakeSession, request: SolveRequest) => Promise<void>;
  } = {},
): Promise<Asked> {
  let asked: SolveRequest | undefined;
  const fake = await fakeDaemon(kind, {
    control: (session) => ({
      async solve(request) {
        asked = request;
        await meanwhile?.(await session(request.session), request);
        return { exporterResponse: response };
      },
    }),
  });
  onTestFinished(fake.close);
  const daemon = await openDaemon({ address: fake.address, kind });
  try {
    await build({ ...options, daemon });
  } finally {
    await daemon.close();
  }
  if (asked === undefined) throw new Error('the builder was asked for nothing');
  return { request: asked, sessions: fake.sessions.size };
}

async function attrsOf(options: Omit<BuildOptions, 'daemon'>): Promise<Record<string, string>> {
  return (await ask(options)).request.frontendAttrs;
}

const image = { registry: memoryRegistry(), repository: 'team/app', digest: DIGEST };

test('an onProgress that throws ends the build, with what it threw', async () => {
  const fake = await fakeDaemon('buildkitd', {
    control: () => ({
      solve: () => new Promise(() => undefined),
      async *status() {
        yield {};
      },
    }),
  });
  onTestFinished(fake.close);
  const daemon = await openDaemon({ address: fake.address, kind: 'buildkitd' });
  onTestFinished(daemon.close);
  const thrown = new Error('nowhere to show it');
  const onProgress = (): never => {
    throw thrown;
  };
  await expect(build({ context: { folder: '.' }, daemon, onProgress })).rejects.toBe(thrown);
});

describe('what the frontend is told', () => {
  test('of options that say nothing: the name of the Dockerfile alone', async () => {
    const { request } = await ask({ context: { folder: '.' } });
    expect(request.frontend).toBe('dockerfile.v0');
    expect(request.frontendAttrs).toEqual({ filename: 'Dockerfile' });
    expect(request.exporters).toEqual([]);
  });

  test('of all options', async () => {
    const attrs = await attrsOf({
      context: { folder: '.' },
      dockerfile: { file: 'build/app.Dockerfile' },
      target: 'stage',
      platforms: [parsePlatform('linux/amd64'), parsePlatform('linux/arm64/v8')],
      buildArgs: { VERSION: '1', BUILDKIT_MULTI_PLATFORM: '1' },
      labels: { a: 'b' },
      noCache: ['one', 'two'],
      pull: true,
      network: 'none',
      addHosts: ['a.test:127.0.0.1', 'b.test=[::1]'],
      attestations: { provenance: 'mode=max' },
    });
    expect(attrs).toEqual({
      filename: 'app.Dockerfile',
      target: 'stage',
      platform: 'linux/amd64,linux/arm64',
      'build-arg:VERSION': '1',
      'build-arg:BUILDKIT_MULTI_PLATFORM': '1',
      'label:a': 'b',
      'no-cache': 'one,two',
      'image-resolve-mode': 'pull',
      'force-network-mode': 'none',
      'add-hosts': 'a.test=127.0.0.1,b.test=::1',
      'attest:provenance': 'mode=max',
    });
  });

  test('another frontend is an image; the network of the host is a right to be asked for', async () => {
    const { request } = await ask({
      context: { folder: '.' },
      network: 'host',
      buildArgs: { BUILDKIT_SYNTAX: 'docker.io/docker/dockerfile:1 x' },
    });
    expect(request.frontend).toBe('gateway.v0');
    expect(request.frontendAttrs).toMatchObject({
      source: 'docker.io/docker/dockerfile:1',
      cmdline: 'docker.io/docker/dockerfile:1 x',
      'force-network-mode': 'host',
    });
    expect(request.entitlements).toEqual(['network.host']);
  });

  test('an engine takes its own images first', async () => {
    const { request } = await ask({ context: { folder: '.' } }, { kind: 'docker' });
    expect(request.frontendAttrs['image-resolve-mode']).toBe('local');
  });

  test('a context that the builder gets by itself', async () => {
    const url = 'https://git.test/repo.git#main';
    const context = { url };
    expect(await attrsOf({ context })).toEqual({ context: url, filename: 'Dockerfile' });
    expect(await attrsOf({ context, dockerfile: { inContext: 'sub/Dockerfile' } })).toEqual({
      context: url,
      filename: 'sub/Dockerfile',
    });
    for (const dockerfile of [{ text: 'FROM scratch' }, { file: '/here/Dockerfile' }])
      expect(await attrsOf({ context, dockerfile })).toEqual({
        context: url,
        dockerfilekey: 'dockerfile',
        filename: 'Dockerfile',
      });
  });

  test('nothing without a context and a Dockerfile', async () => {
    await expect(ask({})).rejects.toThrow('there is neither a context nor a Dockerfile');
  });
});

describe('a Dockerfile in a folder', () => {
  /** What a builder finds under the name that it is told, in the folder of the Dockerfile. */
  async function found(options: Omit<BuildOptions, 'daemon'>): Promise<string | undefined> {
    let size: bigint | undefined;
    await ask(options, {
      async meanwhile(session, { frontendAttrs }) {
        const said = line<Packet>();
        const headers = { 'dir-name': 'dockerfile' };
        for await (const { type, stat } of session.service(FileSync).diffCopy(said, { headers })) {
          if (stat === undefined) said.say(packet({ type: END }));
          else if (stat.path === frontendAttrs['filename']) size = stat.size;
          if (type === END) said.hangUp();
        }
      },
    });
    return size === undefined ? undefined : `${size} bytes`;
  }

  test('is looked for in the context, and elsewhere only if it is named as a file of its own', async () => {
    const place = await folder();
    await mkdir(join(place, 'sub'));
    await writeFile(join(place, 'Dockerfile'), 'FROM a');
    await writeFile(join(place, 'sub/other.Dockerfile'), 'FROM others');
    const context = { folder: place };
    expect(await found({ context })).toBe('6 bytes');
    const sub = '11 bytes';
    expect(await found({ context, dockerfile: { inContext: 'sub/other.Dockerfile' } })).toBe(sub);
    expect(await found({ dockerfile: { file: join(place, 'sub/other.Dockerfile') } })).toBe(sub);
    expect(await found({ dockerfile: { text: 'FROM text' } })).toBe('9 bytes');
  });
});

describe('a tar as context', () => {
  /** Reads the context as builders do: they go on where the URL leads, and say nothing themselves. */
  function pull(session: FakeSession, url = ''): AsyncIterable<{ readonly data: Uint8Array }> {
    const { host, pathname } = new URL(url);
    expect(host).toBe('buildkit-session');
    const said = line<never>();
    said.hangUp();
    return session.service(Upload).pull(said, { headers: { urlpath: pathname, urlhost: host } });
  }

  async function* chunks(count: number, taken: { count: number }): AsyncGenerator<Uint8Array> {
    for (; taken.count < count; taken.count += 1) yield Buffer.alloc(1024 * 1024, taken.count);
  }

  test('is sent when the builder asks for it, as fast as it reads, and once', async () => {
    const taken = { count: 0 };
    let size = 0;
    let ahead = 0;
    const { request } = await ask(
      { context: { tar: chunks(16, taken) }, dockerfile: { inContext: 'sub/Dockerfile' } },
      {
        async meanwhile(session, { frontendAttrs: { context } }) {
          expect(taken.count).toBe(0);
          for await (const { data } of pull(session, context)) {
            if (size === 0) {
              await new Promise((done) => setTimeout(done, 50));
              ahead = taken.count;
            }
            size += data.length;
          }
          const again = pull(session, context)[Symbol.asyncIterator]().next();
          await expect(again).rejects.toMatchObject({ code: Code.NotFound });
        },
      },
    );
    expect(request.frontendAttrs).toEqual({
      context: expect.stringMatching(/^http:\/\/buildkit-session\/[a-z0-9]+$/) as string,
      filename: 'sub/Dockerfile',
    });
    expect(size).toBe(16 * 1024 * 1024);
    expect(ahead, 'what a slow builder has not read yet stays where it is').toBeLessThan(8);
  });

  test('that breaks ends the build with what it broke with', async () => {
    const broken = new Error('the disk is on fire');
    const tar = (async function* () {
      yield Buffer.from('begun');
      throw broken;
    })();
    const failed = ask(
      { context: { tar } },
      {
        async meanwhile(session, { frontendAttrs: { context } }) {
          for await (const _ of pull(session, context)) continue;
        },
      },
    );
    await expect(failed).rejects.toBe(broken);
  });

  test('that never goes on is left when the builder has had enough', async () => {
    let left = false;
    const tar: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => {
          left = true;
          return { done: true, value: undefined };
        },
      }),
    };
    await ask(
      { context: { tar } },
      {
        async meanwhile(session, { frontendAttrs: { context = '' } }) {
          const enough = AbortSignal.timeout(20);
          const headers = { urlpath: new URL(context).pathname };
          const asked = session.service(Upload).pull(line(), { headers, signal: enough });
          await expect(asked[Symbol.asyncIterator]().next()).rejects.toThrow();
          await expect.poll(() => left).toBe(true);
        },
      },
    );
  });
});

describe('contexts with names', () => {
  test('an image goes by the name of its store and its digest, which every parser takes [layout 31]', async () => {
    const attrs = await attrsOf({
      context: { folder: '.' },
      contexts: [
        { name: 'docker.io/library/base:latest', source: { ...image, tag: 'v1' } },
        { name: 'localhost:5000/x:2', platform: parsePlatform('linux/arm64'), source: image },
      ],
    });
    expect(attrs['frontend.caps']).toBe('moby.buildkit.frontend.contexts+forward');
    expect(attrs['context:base']).toMatch(/^oci-layout:\/\/[a-z0-9]+:v1@sha256:[0-9a-f]{64}$/);
    expect(attrs['context:localhost:5000/x:2::linux/arm64']).toMatch(
      /^oci-layout:\/\/[a-z0-9]+@sha256:[0-9a-f]{64}$/,
    );
  });

  test('a folder is one of the session, which takes no name of another', async () => {
    const attrs = await attrsOf({
      context: { folder: '.' },
      contexts: [
        { name: 'files', source: { folder: '.' } },
        { name: 'context', source: { folder: '.' } },
        { name: 'git', source: { url: 'https://git.test/x.git' } },
      ],
    });
    expect(attrs).toMatchObject({
      'context:files': 'local:files',
      'context:context': 'local:_context',
      'context:git': 'https://git.test/x.git',
    });
  });

  test('a name that can stand in no Dockerfile is refused before anybody is asked', async () => {
    const bad = ask({ context: { folder: '.' }, contexts: [{ name: 'Not A Name', source: image }] });
    await expect(bad).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
  });

  test('the builder reads an image from its own store, and from no other [layout 33, 36]', async () => {
    const registry = memoryRegistry();
    const config = new TextEncoder().encode('{}');
    await registry.pushBlob('one', { digest: digestOf(config), size: config.length }, config);
    const manifest = new TextEncoder().encode(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: {
          mediaType: 'application/vnd.oci.image.config.v1+json',
          digest: digestOf(config),
          size: config.length,
        },
        layers: [],
      }),
    );
    await registry.pushManifest('one', manifest, { mediaType: MANIFEST });
    const answers: unknown[] = [];
    await ask(
      {
        context: { folder: '.' },
        contexts: [
          { name: 'one', source: { registry, repository: 'one', digest: digestOf(manifest) } },
          { name: 'two', source: { registry, repository: 'two', digest: digestOf(manifest) } },
        ],
      },
      {
        async meanwhile(session, { frontendAttrs }) {
          const content = session.service(Content);
          for (const store of [
            frontendAttrs['context:one'],
            frontendAttrs['context:two'],
            'oci-layout://nobody@',
          ]) {
            const name = /\/\/([a-z0-9]+)/.exec(store ?? '')?.[1] ?? '';
            const headers = { 'buildkit-attachable-store-id': `oci:${name}` };
            const answer = content.info({ digest: digestOf(manifest) }, { headers }).then(
              ({ info }) => Number(info?.size),
              (error: unknown) => (error as Error).message.replaceAll(name, 'NAME'),
            );
            answers.push(await answer);
          }
        },
      },
    );
    expect(answers).toEqual([
      manifest.length,
      expect.stringContaining('not found'),
      expect.stringContaining('unknown store oci:NAME: not found'),
    ]);
  });
});

describe('outputs', () => {
  test('an image is for the engine, or among those of the builder', async () => {
    const outputs = [{ type: 'image', names: ['docker.io/library/a:1', 'docker.io/library/a:2'] }] as const;
    const own = await ask({ context: { folder: '.' }, outputs });
    expect(own.request.exporters).toMatchObject([
      { type: 'image', attrs: { name: 'docker.io/library/a:1,docker.io/library/a:2' } },
    ]);
    // Builders before 0.13 read it here.
    expect(own.request).toMatchObject({
      exporter: 'image',
      exporterAttrs: { name: 'docker.io/library/a:1,docker.io/library/a:2' },
    });
    const engine = await ask({ context: { folder: '.' }, outputs }, { kind: 'docker' });
    expect(engine.request.exporters).toMatchObject([
      { type: 'moby', attrs: { 'prefer-image-digest': 'true' } },
    ]);
  });

  test('more than one into registries is refused', async () => {
    const output = { type: 'registry', registry: memoryRegistry(), repository: 'x' } as const;
    const two = ask({ context: { folder: '.' }, outputs: [output, output] });
    await expect(two).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });
});

test('caches in registries of ours are local ones to the builder, each in a store of its own', async () => {
  const { request } = await ask({
    context: { folder: '.' },
    cacheFrom: [{ type: 'registry', attrs: { ref: 'x.test/y' } }, { source: image }],
    cacheTo: [
      { type: 'inline' },
      { target: { registry: image.registry, repository: 'cache', tag: 'a' }, attrs: { mode: 'max' } },
    ],
  });
  const { imports = [], exports = [] } = request.cache ?? {};
  expect(imports).toMatchObject([
    { type: 'registry', attrs: { ref: 'x.test/y' } },
    { type: 'local', attrs: { digest: DIGEST, src: expect.stringMatching(/^[a-z0-9]+$/) as string } },
  ]);
  expect(exports).toMatchObject([
    { type: 'inline' },
    { type: 'local', attrs: { mode: 'max', dest: expect.any(String) as string } },
  ]);
  expect(JSON.parse(request.frontendAttrs['cache-imports'] ?? '')).toEqual(
    imports.map(({ type, attrs }) => ({ Type: type, Attrs: attrs })),
  );
});

test('what a registry fails with ends the build, and is what it fails with', async () => {
  const down: Registry = {
    ...memoryRegistry(),
    getManifest: () => Promise.reject(new RegistryError('UNAVAILABLE', 'x.test does not answer')),
  };
  const failed = ask(
    { context: { folder: '.' }, contexts: [{ name: 'base', source: { ...image, registry: down } }] },
    {
      // As builders do, which take it for a store that is busy.
      async meanwhile(session, { frontendAttrs }) {
        const name = /\/\/([a-z0-9]+)/.exec(frontendAttrs['context:base'] ?? '')?.[1] ?? '';
        const headers = { 'buildkit-attachable-store-id': `oci:${name}` };
        while (!session.gone.aborted) {
          await session
            .service(Content)
            .info({ digest: DIGEST }, { headers })
            .catch(() => {});
          await new Promise((done) => setTimeout(done, 5));
        }
      },
    },
  );
  await expect(failed).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'x.test does not answer' });
});

test('a build that is called off leaves no session, and no folder of its own', async () => {
  const ending = new AbortController();
  let session: FakeSession | undefined;
  const off = ask(
    { dockerfile: { text: 'FROM scratch' }, signal: ending.signal },
    {
      meanwhile: async (opened) => {
        session = opened;
        ending.abort(new Error('enough'));
        await new Promise((done) => opened.gone.addEventListener('abort', done));
      },
    },
  );
  await expect(off).rejects.toThrow();
  expect(session?.gone.aborted).toBe(true);
});
