import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { SolveRequest } from '../../src/buildkit/proto/control_pb.ts';
import { Content } from '../../src/buildkit/proto/content_pb.ts';
import { Upload } from '../../src/buildkit/proto/upload_pb.ts';
import { singleLayout } from '../../src/store/layout/index.ts';
import { digestOf } from '../../src/oci/index.ts';
import { scriptedServer } from '../../src/testing/index.ts';
import { fakeDaemon, type FakeSession } from '../buildkit/fake-daemon.ts';
import { tarOf } from '../buildkit/tar.ts';
import { line } from '../buildkit/wired.ts';
import { stowage, type Ran } from './stowage.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
let folder: string;
let digest: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stowage-build-'));
  await mkdir(join(folder, 'context'));
  await writeFile(join(folder, 'context/Dockerfile'), 'FROM base\n');
  const layout = singleLayout(join(folder, 'layout'));
  const config = new TextEncoder().encode('{}');
  const described = { digest: digestOf(config), size: config.length };
  await layout.pushBlob('layout', described, config);
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...described },
    layers: [],
  });
  const pushed = await layout.pushManifest('layout', new TextEncoder().encode(manifest), {
    mediaType: MANIFEST,
    tags: ['v1'],
  });
  digest = pushed.descriptor.digest;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Built extends Ran {
  /** What the builder was asked for; undefined if it was not. */
  readonly request: SolveRequest | undefined;
}

/** Runs `stowage build` with a builder that builds nothing. @param meanwhile what it does with the session before it answers */
async function build(
  args: readonly string[],
  input: string | Readable = '',
  meanwhile: (session: FakeSession, request: SolveRequest) => Promise<void> = async () => {},
): Promise<Built> {
  let request: SolveRequest | undefined;
  const fake = await fakeDaemon('buildkitd', {
    control: (session) => ({
      async solve(asked) {
        request = asked;
        await meanwhile(await session(asked.session), asked);
        return { exporterResponse: { 'containerimage.digest': digest, 'image.name': 'x' } };
      },
      async *status() {
        // Nothing is told.
      },
    }),
  });
  onTestFinished(fake.close);
  const environment = { BUILDKIT_HOST: fake.address, VERSION: '7' };
  const ran = await stowage(['build', '--progress', 'plain', ...args], { input, environment });
  return { ...ran, request };
}

const context = (): string => join(folder, 'context');

test(
  'prints the digest, and writes it and what the builder told into files',
  { timeout: 30_000 },
  async () => {
    const [id, metadata] = [join(folder, 'id'), join(folder, 'metadata.json')];
    const { stdout, stderr, code, request } = await build([
      '-t',
      'app:1',
      '--build-arg',
      'VERSION',
      '--build-arg',
      'MISSING',
      '--build-arg',
      'A=b=c',
      '--label',
      'l=1',
      '--platform',
      'linux/amd64,linux/arm64',
      '--no-cache',
      '--iidfile',
      id,
      '--metadata-file',
      metadata,
      context(),
    ]);
    expect([stderr, code, stdout]).toEqual(['', 0, `${digest}\n`]);
    expect(request?.frontendAttrs).toEqual({
      filename: 'Dockerfile',
      'build-arg:VERSION': '7',
      'build-arg:A': 'b=c',
      'label:l': '1',
      platform: 'linux/amd64,linux/arm64',
      'no-cache': '',
    });
    expect(request?.exporters).toMatchObject([{ type: 'image', attrs: { name: 'docker.io/library/app:1' } }]);
    expect(await readFile(id, 'utf8')).toBe(digest);
    expect(JSON.parse(await readFile(metadata, 'utf8'))).toEqual({
      'containerimage.digest': digest,
      'image.name': 'x',
    });
  },
);

describe('--context', () => {
  test('an image is resolved before the build [layout 6, 13]', async () => {
    const layout = join(folder, 'layout');
    for (const where of [
      `oci-layout:${layout}:v1`,
      `oci-layout://${layout}`,
      `oci-layout:${layout}@${digest}`,
    ]) {
      const { code, stderr, request } = await build(['-t', 'app', '--context', `base=${where}`, context()]);
      expect([stderr, code]).toEqual(['', 0]);
      expect(request?.frontendAttrs['context:base']).toMatch(
        new RegExp(`^oci-layout://[a-z0-9]+(:[a-z0-9]+)?@${digest}$`),
      );
    }
  });

  test('a wrong tag is told of with what there is, and nobody is asked to build [layout 7]', async () => {
    const { code, stderr, request } = await build([
      '--context',
      `base=oci-layout:${folder}/layout:v2`,
      context(),
    ]);
    expect([code, request]).toEqual([3, undefined]);
    expect(stderr).toMatch(/v2 is not in oci-layout:.*there is v1/);
  });

  test('a layout that is not there is told of as a folder that is not', async () => {
    const { code, stderr, request } = await build([
      '--context',
      `base=oci-layout:${folder}/none:v1`,
      context(),
    ]);
    expect([code, request]).toEqual([3, undefined]);
    expect(stderr).toContain(`${folder}/none: there is no such folder`);
  });

  describe('an index that does not say which image is for which platform', () => {
    let digests: readonly string[];
    const where = (): string => `oci-layout:${folder}/silent:v1`;
    const digestAt = (request: SolveRequest | undefined, key: string): string | undefined =>
      request?.frontendAttrs[key]?.split('@')[1];

    beforeAll(async () => {
      const layout = singleLayout(join(folder, 'silent'));
      const push = (document: object, mediaType: string, tags: readonly string[] = []) =>
        layout.pushManifest('layout', new TextEncoder().encode(JSON.stringify(document)), {
          mediaType,
          tags,
        });
      const manifests = [];
      for (const architecture of ['amd64', 'arm64']) {
        const bytes = new TextEncoder().encode(JSON.stringify({ os: 'linux', architecture }));
        const config = { digest: digestOf(bytes), size: bytes.length };
        await layout.pushBlob('layout', config, bytes);
        const mediaType = 'application/vnd.oci.image.config.v1+json';
        const image = { schemaVersion: 2, mediaType: MANIFEST, config: { mediaType, ...config }, layers: [] };
        const { descriptor } = await push(image, MANIFEST);
        manifests.push({ mediaType: MANIFEST, digest: descriptor.digest, size: descriptor.size });
      }
      digests = manifests.map(({ digest }) => digest);
      const mediaType = 'application/vnd.oci.image.index.v1+json';
      const { descriptor } = await push({ schemaVersion: 2, mediaType, manifests }, mediaType, ['v1']);
      digests = [...digests, descriptor.digest];
    });

    test('their configs do', async () => {
      const { request, stderr } = await build(['-t', 'app', '--context', `base=${where()}`, context()]);
      expect(stderr).toBe('');
      const named = ['::linux/amd64', '::linux/arm64', ''].map((end) =>
        digestAt(request, `context:base${end}`),
      );
      expect(named).toEqual(digests);
    });

    test('what was said goes before what they say', async () => {
      const own = `base::linux/arm64=oci-layout:${folder}/layout:v1`;
      const { request } = await build(['--context', own, '--context', `base=${where()}`, context()]);
      expect(digestAt(request, 'context:base::linux/arm64')).toBe(digest);
    });

    test('for one platform it is the image for that', async () => {
      const { request } = await build(['--context', `base::linux/arm64=${where()}`, context()]);
      expect(digestAt(request, 'context:base::linux/arm64')).toBe(digests[1]);
    });
  });

  test('the manifest of an image in a registry is asked for once, whoever reads it', async () => {
    const layout = singleLayout(join(folder, 'layout'));
    const bytes = await (await layout.getManifest('layout', 'v1')).bytes();
    const server = await scriptedServer([
      { request: 'GET /v2/app/manifests/1', answer: { headers: { 'content-type': MANIFEST }, body: bytes } },
    ]);
    onTestFinished(server.close);
    const { host } = new URL(server.url);
    const read: unknown[] = [];
    await build(
      ['-t', 'app', '--context', `base=${host}/app:1`, context()],
      '',
      async (session, { frontendAttrs }) => {
        const name = /\/\/([a-z0-9]+)/.exec(frontendAttrs['context:base'] ?? '')?.[1] ?? '';
        const headers = { 'buildkit-attachable-store-id': `oci:${name}` };
        read.push(Number((await session.service(Content).info({ digest }, { headers })).info?.size));
      },
    );
    expect(read).toEqual([bytes.length]);
    server.done();
  });

  test('a folder is one if it is there; what looks like a path has to be', async () => {
    const { request } = await build(['--context', `files=${context()}`, context()]);
    expect(request?.frontendAttrs['context:files']).toBe('local:files');
    const missing = await build(['--context', 'files=./missing', context()]);
    expect([missing.code, missing.stderr, missing.request]).toEqual([
      2,
      expect.stringContaining('there is no such folder'),
      undefined,
    ]);
  });

  test('what neither is there nor in a registry is told of as both', async () => {
    const { code, stderr } = await build(['--context', 'base=127.0.0.1:1/missing', context()]);
    expect([code, stderr]).toEqual([1, expect.stringContaining('nor is there a folder 127.0.0.1:1/missing')]);
  });

  test('URLs are for the builder; what only other tools have is told of [layout 64]', async () => {
    const { request } = await build(['--context', 'code=https://git.test/x.git#main', context()]);
    expect(request?.frontendAttrs['context:code']).toBe('https://git.test/x.git#main');
    for (const where of ['target:other', 'input:x', 'oci-layout+blob://x@y'])
      expect(await build(['--context', `base=${where}`, context()])).toMatchObject({
        code: 2,
        request: undefined,
      });
  });
});

describe('from standard input comes', () => {
  test('a Dockerfile, with a folder or without', async () => {
    for (const args of [['-'], ['-f', '-', context()]]) {
      const { code, stderr, request } = await build(['-t', 'app', ...args], 'FROM scratch\n');
      expect([stderr, code, request?.frontendAttrs['filename']]).toEqual(['', 0, 'Dockerfile']);
    }
  });

  const files = tarOf('Dockerfile', new TextEncoder().encode('FROM scratch\n'));
  const [bzip2, xz] = ['425a6839314159265359', 'fd377a585a000004'].map((hex) => Buffer.from(hex, 'hex'));

  test.each([
    ['plain', files],
    ['compressed with gzip', gzipSync(files)],
    ['compressed with bzip2', bzip2],
    ['compressed with xz', xz],
  ])('a tar, %s, which the builder gets as it is', async (_, tar = Buffer.alloc(0)) => {
    const got: Uint8Array[] = [];
    const { code, stderr, request } = await build(
      ['-t', 'app', '-f', 'sub/Dockerfile', '-'],
      Readable.from([tar.subarray(0, 7), tar.subarray(7)]),
      async (session, { frontendAttrs }) => {
        const headers = { urlpath: new URL(frontendAttrs['context'] ?? '').pathname };
        for await (const { data } of session.service(Upload).pull(line(), { headers })) got.push(data);
      },
    );
    expect([stderr, code]).toEqual(['', 0]);
    expect(request?.frontendAttrs['filename']).toBe('sub/Dockerfile');
    expect(Buffer.concat(got).equals(tar)).toBe(true);
  });

  test('a tar that does not end, of which no more is read than the builder asks for', async () => {
    let read = 0;
    const input = new Readable({
      read() {
        read += 1;
        this.push(read === 1 ? files.subarray(0, 512) : Buffer.alloc(64 * 1024));
      },
    });
    const { code } = await build(['-t', 'app', '-'], input);
    expect([code, input.destroyed]).toEqual([0, true]);
    expect(read).toBeLessThan(10);
  });

  test.each([
    [['-f', '-', '-'], 'FROM scratch', 'only one of CONTEXT and --file can be -'],
    [['-f', 'x', '-'], 'FROM scratch', '--file x: standard input is a Dockerfile, too'],
    [['-'], '', 'nothing came from standard input'],
    [['-'], Buffer.from('28b52ffd0458', 'hex'), 'builders unpack no zstd'],
    [['-'], Buffer.from('ff'.repeat(600), 'hex'), 'neither a Dockerfile nor a tar'],
  ])('with %j nothing that could be built', async (args, input, why) => {
    const { code, stderr, request } = await build(args, Readable.from([input]));
    expect([code, request]).toEqual([2, undefined]);
    expect(stderr).toContain(why);
  });
});

test('a context that the builder gets by itself has its Dockerfile in it, unless that is a file here', async () => {
  const url = 'https://git.test/x.git#main';
  const far = await build(['-t', 'app', '-f', 'sub/Dockerfile', url]);
  expect(far.request?.frontendAttrs).toEqual({ context: url, filename: 'sub/Dockerfile' });
  const here = await build(['-t', 'app', '-f', join(context(), 'Dockerfile'), url]);
  expect(here.request?.frontendAttrs).toEqual({
    context: url,
    filename: 'Dockerfile',
    dockerfilekey: 'dockerfile',
  });
  const none = await build(['-f', join(context(), 'none'), url]);
  expect([none.code, none.request]).toEqual([2, undefined]);
});

describe('--output', () => {
  test.each([
    ['type=oci,dest=x.tar', { type: 'oci', attrs: {} }],
    [
      'type=image,name=app:2,push=true',
      { type: 'image', attrs: { name: 'docker.io/library/app:2', push: 'true' } },
    ],
    ['"type=local","dest=a,b"', { type: 'local', attrs: {} }],
    ['out', { type: 'local' }],
    ['registry:127.0.0.1:1/x:y', { type: 'oci', attrs: { tar: 'false' } }],
    ['127.0.0.1:1/x:y', { type: 'oci', attrs: { tar: 'false' } }],
  ])('%s', async (output, exporter) => {
    const { request } = await build(['-o', output, context()]);
    expect(request?.exporters).toMatchObject([exporter]);
  });

  test.each([
    'type=oci',
    'type=local',
    'type=none,dest=x',
    'type="x',
    `oci-layout:x@sha256:${'0'.repeat(64)}`,
  ])('%s is refused', async (output) => {
    const { code, request } = await build(['-o', output, context()]);
    expect([code, request]).toEqual([2, undefined]);
  });
});

test('a folder or a Dockerfile that is not there is told of before anybody is asked to build', async () => {
  for (const [args, why] of [
    [['missing'], 'there is no folder missing to build in'],
    [[join(context(), 'Dockerfile')], 'is a file, and not a folder to build in'],
    [[folder], 'there is no Dockerfile in'],
    [['-f', 'Dockerfile.missing', context()], 'there is no file Dockerfile.missing'],
  ] as const) {
    const { code, stderr, request } = await build([...args]);
    expect([code, stderr, request]).toEqual([2, expect.stringContaining(why), undefined]);
  }
});

test('a build of which nothing is kept is told to be one', async () => {
  expect((await build([context()])).stderr).toContain('nothing keeps what is built');
});

test('a builder that is not there is told of, after all that is wrong with the references', async () => {
  const environment = { BUILDKIT_HOST: 'unix:///nowhere/builder.sock' };
  const { code, stderr } = await stowage(['build', context()], { environment });
  expect([code, stderr]).toEqual([1, expect.stringContaining('/nowhere/builder.sock')]);
});

test.each(['type=oci,dest=FILE/out.tar', 'FILE/out'])(
  '--output %s, below a file, is refused early',
  async (output) => {
    const file = join(context(), 'Dockerfile');
    const { code, stderr, request } = await build(['-o', output.replace('FILE', file), context()]);
    expect([code, request]).toEqual([2, undefined]);
    expect(stderr).toContain('Dockerfile is not a folder');
  },
);
