import { describe, expect, test } from 'vitest';
import { mediaTypes, parseDigest, parseManifest, type Digest } from '../../src/oci/index.ts';
import {
  checkDigest,
  checkManifest,
  checkReference,
  checkRepository,
  checkTag,
  clampRange,
  DOCUMENT_LIMIT,
  errorCode,
  missingChildren,
  RegistryError,
  verifyPushed,
  type ByteRange,
} from '../../src/registry/index.ts';
import { bytes, described, named } from '../oci/words.ts';
import { readAll, stream } from './streams.ts';

const thrown = (attempt: () => unknown): unknown => {
  try {
    return `taken as ${JSON.stringify(attempt())}`;
  } catch (error) {
    return error;
  }
};

describe('the part of 10 bytes', () => {
  test.each<readonly [ByteRange, Required<ByteRange> | undefined]>([
    [{ start: 0 }, { start: 0, end: 10 }],
    [{ start: 3 }, { start: 3, end: 10 }],
    [
      { start: 3, end: 5 },
      { start: 3, end: 5 },
    ],
    [
      { start: 9, end: 10 },
      { start: 9, end: 10 },
    ],
    [
      { start: 3, end: 500 },
      { start: 3, end: 10 },
    ],
    [{ start: 10 }, undefined],
    [{ start: 10, end: 20 }, undefined],
    [{ start: 5, end: 3 }, undefined],
    // HTTP has no way to ask for no bytes, so no registry gives them.
    [{ start: 5, end: 5 }, undefined],
    [{ start: -1 }, undefined],
    [{ start: 1.5 }, undefined],
    [{ start: 0, end: Number.NaN }, undefined],
    [{ start: 0, end: Number.POSITIVE_INFINITY }, undefined],
  ])('%j: %j', (range, part) => {
    if (part === undefined)
      expect(thrown(() => clampRange(range, 10))).toMatchObject({ code: 'RANGE_INVALID', status: 416 });
    else expect(clampRange(range, 10)).toEqual(part);
  });

  test('of nothing there is none', () => {
    expect(errorCode(thrown(() => clampRange({ start: 0 }, 0)))).toBe('RANGE_INVALID');
  });
});

describe('a pushed blob', () => {
  const descriptor = { digest: named('one two'), size: 7 };

  test('passes when it is what was said', async () => {
    expect(await readAll(verifyPushed(stream('one ', 'two'), descriptor))).toEqual({
      pieces: ['one ', 'two'],
    });
  });

  test.each([
    ['other bytes', ['one twx'], 'DIGEST_INVALID'],
    ['too few', ['one '], 'SIZE_INVALID'],
    ['too many', ['one ', 'two!'], 'SIZE_INVALID'],
  ])('%s', async (_, pieces, code) => {
    expect((await readAll(verifyPushed(stream(...pieces), descriptor))).error).toMatchObject({
      code,
      status: 400,
    });
  });

  test('of an algorithm that cannot be computed is not taken, and not read', async () => {
    const from = stream('one two');
    const { error } = await readAll(verifyPushed(from, { digest: parseDigest('md5:abc'), size: 7 }));
    expect(error).toMatchObject({ code: 'DIGEST_INVALID', status: 400 });
    expect(from.asked).toBe(0);
  });

  test('that is read from elsewhere and fails there says so', async () => {
    const theirs = new RegistryError('DIGEST_MISMATCH', 'x', { url: 'http://registry.test/v2/' });
    expect((await readAll(verifyPushed(stream('one ', theirs), descriptor))).error).toBe(theirs);
  });

  test('stops when it is aborted', async () => {
    const controller = new AbortController();
    const from = stream('one ', 't', 'w', 'o');
    const reading = verifyPushed(from, descriptor, controller.signal);
    await reading.next();
    controller.abort(new Error('enough'));
    expect((await readAll(reading)).error).toMatchObject({ message: 'enough' });
    expect(from.ended).toBe(true);
  });
});

describe('a pushed manifest', () => {
  const mediaType = mediaTypes.ociIndex;
  const document = bytes('{"schemaVersion":2,"manifests":[]}');

  test.each([
    ['without a name', undefined],
    ['by its sha256', named('{"schemaVersion":2,"manifests":[]}')],
    ['by its sha512', named('{"schemaVersion":2,"manifests":[]}', 'sha512')],
  ])('%s', (_, digest) => {
    const { descriptor, manifest } = checkManifest(document, {
      mediaType,
      ...(digest !== undefined && { digest }),
    });
    expect(descriptor).toEqual({
      mediaType,
      digest: digest ?? named('{"schemaVersion":2,"manifests":[]}'),
      size: 34,
    });
    expect(manifest.kind).toBe('index');
  });

  test.each([
    ['another digest', document, named('other'), 'DIGEST_INVALID', 400, /expected sha256:.*, got sha256:/],
    ['a digest that is none', document, 'sha256:x' as Digest, 'DIGEST_INVALID', 400, /got 1/],
    [
      'a digest nobody computes',
      document,
      parseDigest('md5:abc'),
      'DIGEST_INVALID',
      400,
      /want sha256 or sha512/,
    ],
    ['no JSON', bytes('x'), undefined, 'MANIFEST_INVALID', 400, /not valid JSON/],
    [
      'a field that is wrong',
      bytes('{"schemaVersion":1}'),
      undefined,
      'MANIFEST_INVALID',
      400,
      /^\/schemaVersion: must be 2/,
    ],
    [
      'more than 4 MiB',
      new Uint8Array(DOCUMENT_LIMIT + 1),
      undefined,
      'MANIFEST_INVALID',
      413,
      /4194305 bytes/,
    ],
  ] as const)('%s', (_, content, digest, code, status, message) => {
    const error = thrown(() =>
      checkManifest(content, { mediaType, ...(digest !== undefined && { digest }) }),
    );
    expect(error).toMatchObject({ code, status });
    expect((error as Error).message).toMatch(message);
  });
});

describe('children', () => {
  const foreign = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
  const manifestOf = (document: object, type: string): ReturnType<typeof parseManifest> =>
    parseManifest(bytes(JSON.stringify({ schemaVersion: 2, ...document })), type);
  const missingOf = async (
    manifest: ReturnType<typeof manifestOf>,
    has: { blobs?: string[]; manifests?: string[] },
  ): Promise<RegistryError | undefined> =>
    missingChildren(manifest, {
      blob: async (digest) => (has.blobs ?? []).some((name) => named(name) === digest),
      manifest: async (digest) => (has.manifests ?? []).some((name) => named(name) === digest),
    });
  const image = manifestOf(
    {
      config: described('config'),
      layers: [
        described('one'),
        described('two'),
        described('one'),
        described('base', { mediaType: foreign }),
      ],
      subject: described('subject'),
    },
    mediaTypes.ociManifest,
  );

  test('of an image: config and layers, but not what may not be distributed, nor the subject', async () => {
    expect(await missingOf(image, { blobs: ['config', 'one', 'two'] })).toBeUndefined();
    const error = await missingOf(image, { manifests: ['config', 'one', 'two'] });
    expect(error).toMatchObject({ code: 'MANIFEST_BLOB_UNKNOWN', status: 404 });
    // Each once.
    expect(error?.detail).toEqual([named('config'), named('one'), named('two')]);
  });

  test('of an index: manifests, or blobs where the type is no manifest that we know', async () => {
    const [known, unknown] = [described('image', { mediaType: mediaTypes.ociManifest }), described('thing')];
    const index = manifestOf({ manifests: [known, unknown] }, mediaTypes.ociIndex);
    expect(await missingOf(index, { manifests: ['image', 'thing'] })).toBeUndefined();
    expect(await missingOf(index, { manifests: ['image'], blobs: ['thing'] })).toBeUndefined();
    expect((await missingOf(index, { blobs: ['image', 'thing'] }))?.detail).toEqual([known.digest]);
  });

  test('three are named in the message, all in the detail', async () => {
    const layers = ['1', '2', '3', '4', '5'].map((name) => described(name));
    const many = manifestOf({ config: described('config'), layers }, mediaTypes.ociManifest);
    const error = await missingOf(many, {});
    expect(error?.message).toMatch(/and 3 more$/);
    expect(error?.detail).toHaveLength(6);
  });

  test('of a type that nobody knows: none', async () => {
    const opaque = manifestOf({ layers: [described('one')] }, 'application/vnd.example+json');
    expect(await missingOf(opaque, {})).toBeUndefined();
  });
});

describe('names', () => {
  test.each([
    [() => checkRepository('A\n'), 'NAME_INVALID', 'invalid repository name "A\\x0a"'],
    [() => checkTag('-x'), 'TAG_INVALID', 'invalid tag "-x"'],
    [
      () => checkDigest('sha256:x'),
      'DIGEST_INVALID',
      'invalid digest "sha256:x": sha256 needs 64 hex characters, got 1',
    ],
    [
      () => checkReference('sha256:x'),
      'DIGEST_INVALID',
      'invalid digest "sha256:x": sha256 needs 64 hex characters, got 1',
    ],
    [() => checkReference('a b'), 'TAG_INVALID', 'invalid tag "a b"'],
    [() => checkReference(''), 'TAG_INVALID', 'invalid tag ""'],
  ])('%s', (attempt, code, message) => expect(thrown(attempt)).toMatchObject({ code, message, status: 400 }));

  test('a reference is a digest if it has a colon', () => {
    expect(checkReference('v1')).toEqual({ tag: 'v1' });
    expect(checkReference(named('x'))).toEqual({ digest: named('x') });
    expect(checkReference('md5:abc')).toEqual({ digest: 'md5:abc' });
  });
});
