/** Attacks by documents: manifests, lists, errors and layouts that say what they should not. */
import { execFileSync } from 'node:child_process';
import { mkdir, rename, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { registryClient, type RegistryClient } from '../../src/client/index.ts';
import { copy } from '../../src/image/index.ts';
import { mediaTypes, type Descriptor, type Digest } from '../../src/oci/index.ts';
import { createHandler, listen } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { scripted, scriptedServer, type Answer, type Exchange } from '../../src/testing/index.ts';
import { stowage } from '../cli/stowage.ts';
import { all, config, failure, hello, image, index, signature } from '../client/talk.ts';
import { temporaryFolder } from '../store/layout/folder.ts';
import { always, refusal } from './hostile.ts';

const { ociManifest, ociIndex, dockerManifest } = mediaTypes;
const byTag = (registry: RegistryClient) => registry.getManifest('r', '1');
const copied = (registry: RegistryClient) =>
  copy(
    { registry, repository: 'r', tag: '1' },
    { registry: memoryRegistry(), repository: 'r' },
    { referrers: true },
  );
const served = (body: string | Uint8Array, type: string = ociManifest): readonly Exchange[] => [
  { request: 'GET /v2/r/manifests/1', answer: { headers: { 'content-type': type }, body } },
];
const written = (document: object): string =>
  JSON.stringify({ schemaVersion: 2, mediaType: ociManifest, ...document });
const fields = { config: config.descriptor, layers: [hello.descriptor] };

describe('[A12] a document that is two things', () => {
  test.each([
    ['an image and an index', written({ ...fields, manifests: [] }), ociManifest],
    [
      'an index and an image',
      written({ ...fields, mediaType: ociIndex, manifests: [image.descriptor] }),
      ociIndex,
    ],
    ['an image, sent as an index', image.bytes, ociIndex],
    ['an index, sent as an image', index.bytes, ociManifest],
    ['an image of OCI, sent as one of Docker', image.bytes, dockerManifest],
    [
      'one without a type of its own, sent as another',
      JSON.stringify({ schemaVersion: 2, ...fields }),
      ociIndex,
    ],
    ['layers in the spelling of old', written({ ...fields, fsLayers: [] }), ociManifest],
  ])('%s', async (_, body, type) => {
    const error = await refusal(served(body, type), copied);
    expect(error.code).toMatch(/MEDIA_TYPE_CONFLICT|MANIFEST_INVALID/);
    expect(error.message).toMatch(/both|sent as|must not have it|want a list/);
  });
});

describe('[A13] a digest that is a path', () => {
  const paths = ['sha256:../../../etc/passwd', 'sha256:..%2f..%2fetc', '../x:y', `sha256:${'a'.repeat(63)}/`];

  test.each(paths)('%s is not asked for', async (digest) => {
    for (const act of [
      (registry: RegistryClient) => registry.getBlob('r', digest as Digest),
      (registry: RegistryClient) => registry.getManifest('r', digest),
      (registry: RegistryClient) => registry.mountBlob('r', digest as Digest, 'x'),
    ]) {
      const error = await refusal([], act);
      expect(error).toMatchObject({ code: 'DIGEST_INVALID' });
      expect(error.message).toContain('invalid digest');
    }
  });

  test.each(paths)('%s in a manifest makes it none', async (digest) => {
    const layers = [{ ...hello.descriptor, digest }];
    const error = await refusal(served(written({ ...fields, layers })), copied);
    expect(error).toMatchObject({ code: 'MANIFEST_INVALID' });
    expect(error.message).toContain('/layers/0/digest');
  });

  test.each(paths)('%s in a field of the answer is none', async (digest) => {
    const answer = {
      headers: { 'content-type': ociManifest, 'docker-content-digest': digest },
      body: image.bytes,
    };
    const error = await refusal([{ request: 'GET /v2/r/manifests/1', answer }], byTag);
    expect(error).toMatchObject({ code: 'RESPONSE_INVALID' });
    expect(error.message).toContain('malformed Docker-Content-Digest');
  });

  test.each(paths)('%s at the prompt', async (digest) => {
    const ran = await stowage(['lookup', `127.0.0.1:1/r@${digest}`]);
    expect(ran.code).not.toBe(0);
    expect(ran.stderr).toMatch(/invalid/);
  });
});

const lengthOf = ({ body = '' }: Answer): Record<string, string> =>
  typeof body === 'string' || body instanceof Uint8Array ? { 'content-length': String(body.length) } : {};

describe('[A19] circles', () => {
  test('of referrers end', async () => {
    const listing = (...manifests: readonly Descriptor[]): Answer => ({
      headers: { 'content-type': ociIndex },
      body: JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests }),
    });
    const asImage = { 'content-type': ociManifest };
    const { transport, done } = scripted(
      [
        { request: 'GET /v2/r/manifests/1', answer: { headers: asImage, body: image.bytes } },
        { request: `GET /v2/r/blobs/${config.digest}`, answer: { body: config.bytes } },
        { request: `GET /v2/r/blobs/${hello.digest}`, answer: { body: hello.bytes } },
        { request: `GET /v2/r/referrers/${image.digest}`, answer: listing(signature.descriptor) },
        {
          request: `GET /v2/r/manifests/${signature.digest}`,
          answer: { headers: asImage, body: signature.bytes },
        },
        // By its digest it may be something else than by its tag, for all that is known so far.
        { request: `GET /v2/r/manifests/${image.digest}`, answer: { headers: asImage, body: image.bytes } },
        // What signs is signed by what it signs.
        { request: `GET /v2/r/referrers/${signature.digest}`, answer: listing(image.descriptor) },
        { request: `GET /v2/r/referrers/${image.digest}`, answer: listing(signature.descriptor) },
      ].map((row) => ({
        ...row,
        answer: { ...row.answer, headers: { ...lengthOf(row.answer), ...row.answer.headers } },
      })),
      { anyOrder: true },
    );
    await copied(registryClient('registry.test', { transport }));
    done();
  });

  test('of indexes under digests that nobody can check end', { timeout: 5000 }, async () => {
    const self = { mediaType: ociIndex, digest: 'made-up:x', size: 300 };
    const body = JSON.stringify({ schemaVersion: 2, mediaType: ociIndex, manifests: [self] }).padEnd(300);
    const { transport, requests } = always({ headers: { 'content-type': ociIndex }, body });
    const error = await failure(copied(registryClient('registry.test', { transport, retries: 0 })));
    expect(error.message).toMatch(/circle|deep|made-up:x/);
    expect(requests.length).toBeLessThan(50);
  });
});

describe('[A33] JSON that is nested deep', () => {
  const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

  test('a manifest', async () => {
    const error = await refusal(
      served(written({ ...fields, x: 0 }).replace('"x":0', `"x":${deep(1_000_000)}`)),
      copied,
    );
    expect(error).toMatchObject({ code: 'MANIFEST_INVALID' });
    expect(error.message).toContain('nested deeper than 64 levels');
  });

  test('a list', async () => {
    const row = { request: 'GET /v2/r/tags/list?n=1000', answer: { body: `{"tags":${deep(1_000_000)}}` } };
    const error = await refusal([row], (registry) => all(registry.tags('r')));
    expect(error).toMatchObject({ code: 'RESPONSE_INVALID' });
  });

  test('what an error carries can be written and shown', async () => {
    const body = `{"errors":[{"code":"DENIED","message":"no","detail":${deep(30_000)}}]}`;
    const error = await refusal([{ request: 'GET /v2/r/manifests/1', answer: { status: 403, body } }], byTag);
    expect(error).toMatchObject({ code: 'DENIED' });
    expect(() => JSON.stringify(error)).not.toThrow();
  });
});

describe('[A34] keys that readers disagree on', () => {
  test.each([
    ['a key twice', written(fields).replace('"layers"', '"layers":[],"layers"'), 'duplicate key'],
    [
      'a key twice, once by an escape',
      written(fields).replace('"layers"', '"l\\u0061yers":[],"layers"'),
      'duplicate key',
    ],
    ['another case', written({ ...fields, Layers: [] }), 'Layers'],
    ['__proto__', written(fields).replace('{', '{"__proto__":{"layers":[]},'), '__proto__'],
  ])('%s', async (_, body, why) => {
    const error = await refusal(served(body), copied);
    expect(error).toMatchObject({ code: 'MANIFEST_INVALID' });
    expect(error.message).toContain(why);
    expect(({} as { layers?: unknown }).layers).toBeUndefined();
  });
});

describe('[A35] what would be taken for commands by a terminal, or for lines by a log', () => {
  const escape = '\u001b]0;owned\u0007\u001b[2J\u009b2J\r\nERROR forged line';
  // Ends of lines, and tabs, are the program's own.
  const harmless = (text: string): boolean => !/\p{Cc}/u.test(text.replaceAll(/[\n\t]/g, ''));

  test('is taken out of messages, which are of one line', async () => {
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message: escape }] });
    const error = await refusal([{ request: 'GET /v2/r/manifests/1', answer: { status: 403, body } }], byTag);
    expect(error.message).toContain('forged line');
    expect(harmless(error.message) && !error.message.includes('\n')).toBe(true);
  });

  test('is not printed by the command line', async () => {
    const warning = '299 - "\u009b2J not well"';
    const annotated = written({ ...fields, annotations: { x: escape } });
    const server = await scriptedServer(
      [
        {
          request: 'GET /v2/r/manifests/1',
          answer: { headers: { 'content-type': ociManifest, warning }, body: annotated },
        },
        { request: `GET /v2/r/blobs/${config.digest}`, answer: { body: '{}' } },
        {
          request: 'GET /v2/r/manifests/2',
          answer: { status: 403, body: JSON.stringify({ errors: [{ code: escape, message: escape }] }) },
        },
      ],
      { anyOrder: true },
    );
    onTestFinished(() => server.close());
    const host = new URL(server.url).host;
    const ran = await stowage(['lookup', `${host}/r:1`, `${host}/r:2`]);
    expect(ran.stdout).not.toBe('');
    expect(ran.stderr).toContain('forged line');
    expect(ran.stderr.split('\n').filter((line) => line.startsWith('ERROR'))).toEqual([]);
    expect([harmless(ran.stdout), harmless(ran.stderr)]).toEqual([true, true]);
  });

  test('is no tag, and no repository', async () => {
    for (const [path, body, list] of [
      ['r/tags/list', { tags: [escape] }, (registry: RegistryClient) => registry.tags('r')],
      ['_catalog', { repositories: [escape] }, (registry: RegistryClient) => registry.repositories()],
    ] as const) {
      const row = { request: `GET /v2/${path}?n=1000`, answer: { body: JSON.stringify(body) } };
      const error = await refusal([row], (registry) => all(list(registry)));
      expect(error).toMatchObject({ code: 'RESPONSE_INVALID' });
      expect(harmless(error.message)).toBe(true);
    }
  });
});

describe('layouts', () => {
  const folder = temporaryFolder();
  const blobs = (): string => join(folder(), 'blobs/sha256');
  const path = ({ digest }: { readonly digest: Digest }): string =>
    join(blobs(), digest.slice('sha256:'.length));

  /** A layout that somebody else wrote, whose entry is as given. */
  async function write(entry: object = {}): Promise<void> {
    await mkdir(blobs(), { recursive: true });
    await writeFile(join(folder(), 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    const manifests = [
      { ...image.descriptor, annotations: { 'org.opencontainers.image.ref.name': '1' }, ...entry },
    ];
    await writeFile(join(folder(), 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    for (const thing of [image, config, hello]) await writeFile(path(thing), thing.bytes);
  }

  /** Copies it to a registry, and gives what was said; nothing may have arrived. */
  async function refusedCopy(): Promise<{ readonly code: number; readonly stderr: string }> {
    const target = memoryRegistry();
    const server = await listen(createHandler(target));
    onTestFinished(() => server.close());
    const ran = await stowage(['copy', `oci-layout:${folder()}:1`, `${new URL(server.url).host}/r:1`]);
    expect(await failure(target.resolveManifest('r', '1'))).toMatchObject({ status: 404 });
    return ran;
  }

  test('[A16] a manifest that is not that of its digest', async () => {
    await write();
    await writeFile(path(image), written({ config: config.descriptor, layers: [] }));
    const { code, stderr } = await refusedCopy();
    expect(code).toBe(6);
    expect(stderr).toMatch(/MISMATCH|CORRUPT/);
  });

  test('[A15, A16] a layer of the same size, with other bytes', async () => {
    await write();
    await writeFile(path(hello), 'HELLO');
    const { code, stderr } = await refusedCopy();
    expect(code).toBe(6);
    expect(stderr).toMatch(/MISMATCH|CORRUPT/);
  });

  test.each(['index.json', 'oci-layout'])('[A23] %s of gigabytes is not read', async (name) => {
    await write();
    await truncate(join(folder(), name), 8 * 1024 ** 3);
    const { code, stderr } = await refusedCopy();
    expect(code).toBe(1);
    expect(stderr).toMatch(/more than|larger than|bytes/);
  });

  test.each(['a link out of the layout', 'a folder', 'a pipe'])(
    '[A28] %s among the blobs is not read',
    async (kind) => {
      await write();
      await rename(path(hello), join(folder(), 'outside'));
      if (kind === 'a folder') await mkdir(path(hello));
      else if (kind === 'a pipe') execFileSync('mkfifo', [path(hello)]);
      else await symlink('../../outside', path(hello));
      const { code, stderr } = await refusedCopy();
      expect(code).toBe(1);
      expect(stderr).toContain('BLOB_NOT_REGULAR');
    },
  );

  test.each(['sha256/../../outside', 'sha256:../../outside', 'sha256:..', '../../outside:x'])(
    '[A29] %s as a digest of index.json is no path',
    async (digest) => {
      await write({ digest });
      await writeFile(join(folder(), 'outside'), image.bytes);
      const { code, stderr } = await refusedCopy();
      expect(code).toBe(1);
      expect(stderr).toMatch(/index\.json.*\/manifests\/0\/digest/);
    },
  );
});
