/**
 * What every store of a cache does. The first eleven are the behaviours that distribution asks of its own, by their
 * numbers; there a store has a part that belongs to no repository, which here is another repository.
 * @see https://github.com/distribution/distribution/blob/v2.8.3/registry/storage/cache/cachecheck/suite.go
 */
import { expect } from 'vitest';
import { digestOf, mediaTypes, type Descriptor, type Digest } from '../../../src/oci/index.ts';
import type { CachedKind, CacheScope, CacheStore } from '../../../src/wrap/cache/index.ts';
import { bytes, named } from '../../oci/words.ts';
import { failure } from '../../registry/streams.ts';

export const A: CacheScope = { namespace: 'registry.test', repository: 'a/b' };
export const B: CacheScope = { namespace: 'registry.test', repository: 'c/d' };
/** The same repository, as far as its name goes. */
export const elsewhere: CacheScope = { ...A, namespace: 'other.test' };

const text = 'some content';
const digest = named(text);
const blob: Descriptor = { mediaType: mediaTypes.octetStream, digest, size: text.length };
const json: Descriptor = { ...blob, mediaType: 'application/json' };
// Of an algorithm that is not computed here, as the suite has it.
const local = `sha384:${'ab'.repeat(48)}` as Digest;
const nothing = '' as Digest;

/** Notes a descriptor as one does who has just asked for it. */
export async function note(
  store: CacheStore,
  scope: CacheScope,
  descriptor: Descriptor,
  name: Digest = descriptor.digest,
  kind: CachedKind = 'blobs',
): Promise<void> {
  await store.setDescriptor(scope, kind, name, descriptor, await store.epoch(scope));
}

/** By name, each for a store that is empty. */
export const storeContract: Readonly<Record<string, (store: CacheStore) => Promise<void>>> = {
  '1. an empty store knows nothing [row 124]': async (store) => {
    expect(await store.descriptor(A, 'blobs', digest)).toBeUndefined();
    expect(await store.tag(A, 'v1')).toBeUndefined();
    expect(await store.content(A.namespace, digest, text.length)).toBeUndefined();
    expect(await store.epoch(A)).toBe(await store.epoch(A));
  },
  '2. a repository without a name is refused [row 124]': async (store) => {
    for (const repository of ['', '../x', 'UPPER']) {
      const scope = { ...A, repository };
      for (const attempt of [
        () => store.descriptor(scope, 'blobs', digest),
        () => store.setDescriptor(scope, 'blobs', digest, blob, ''),
        () => store.clearDescriptor(scope, digest),
        () => store.setTag(scope, 'v1', { digest, at: 1 }, ''),
        () => store.epoch(scope),
      ])
        expect(await failure(attempt())).toMatchObject({ code: 'NAME_INVALID' });
    }
    expect(await failure(store.tag(A, '../v1'))).toMatchObject({ code: 'TAG_INVALID' });
  },
  '3. to note something without a digest is refused [row 124]': async (store) => {
    expect(await failure(note(store, A, blob, nothing))).toMatchObject({ code: 'DIGEST_INVALID' });
  },
  '4. and so is a descriptor without one, or one that says nothing [row 124]': async (store) => {
    expect(await failure(note(store, A, { ...blob, digest: nothing }, digest))).toMatchObject({
      code: 'DIGEST_INVALID',
    });
    expect(await failure(note(store, A, { ...blob, size: -1 }))).toMatchObject({ code: 'SIZE_INVALID' });
    expect(await failure(note(store, A, { ...blob, mediaType: '' }))).toMatchObject({
      code: 'MEDIA_TYPE_CONFLICT',
    });
    expect(await store.descriptor(A, 'blobs', digest)).toBeUndefined();
  },
  '5. to ask without a digest is refused [row 124]': async (store) => {
    expect(await failure(store.descriptor(A, 'blobs', nothing))).toMatchObject({ code: 'DIGEST_INVALID' });
    expect(await failure(store.content(A.namespace, nothing, 1))).toMatchObject({ code: 'DIGEST_INVALID' });
  },
  '6. what was not noted in a repository is not known there [row 124]': async (store) => {
    await note(store, A, blob);
    expect(await store.descriptor(A, 'blobs', named('another'))).toBeUndefined();
    expect(await store.descriptor(A, 'manifests', digest)).toBeUndefined();
  },
  '7. by a digest of another algorithm, the descriptor that was noted [row 124]': async (store) => {
    await note(store, A, blob, local);
    expect(await store.descriptor(A, 'blobs', local)).toEqual(blob);
  },
  '8. that name is known where it was noted [row 124]': async (store) => {
    await note(store, A, blob, local);
    await note(store, B, blob, local);
    expect(await store.descriptor(B, 'blobs', local)).toEqual(blob);
  },
  '9. and the descriptor by its own name as well [row 124]': async (store) => {
    await note(store, A, blob, local);
    expect(await store.descriptor(A, 'blobs', digest)).toEqual(blob);
  },
  '10. a repository has its own media type for a digest, others keep theirs [row 124]': async (store) => {
    await note(store, A, blob);
    await note(store, B, blob);
    await note(store, A, json);
    expect(await store.descriptor(A, 'blobs', digest)).toEqual(json);
    expect(await store.descriptor(B, 'blobs', digest)).toEqual(blob);
  },
  '11. what was cleared is not known, and clearing it again is no error [row 124]': async (store) => {
    await note(store, A, blob, local);
    await note(store, A, json, digest, 'manifests');
    for (let time = 0; time < 2; time++) {
      await store.clearDescriptor(A, local);
      await store.clearDescriptor(A, digest);
      expect(await store.descriptor(A, 'blobs', local)).toBeUndefined();
      expect(await store.descriptor(A, 'manifests', digest)).toBeUndefined();
    }
  },

  'what is noted in one repository is unknown in another, and in another registry [row 125] [A39] [A40]':
    async (store) => {
      await note(store, A, blob);
      await store.setTag(A, 'v1', { digest, at: 1 }, await store.epoch(A));
      await store.setContent(A.namespace, digest, bytes(text));
      for (const scope of [B, elsewhere, { namespace: '', repository: 'registry.test/a/b' }]) {
        expect(await store.descriptor(scope, 'blobs', digest)).toBeUndefined();
        expect(await store.tag(scope, 'v1')).toBeUndefined();
      }
      expect(await store.content(elsewhere.namespace, digest, text.length)).toBeUndefined();
      // Names that look alike when they are put together.
      await note(store, { namespace: 'x/y', repository: 'z' }, blob);
      expect(await store.descriptor({ namespace: 'x', repository: 'y/z' }, 'blobs', digest)).toBeUndefined();
    },
  'a repository that lost its right stays without it when another notes the digest (CVE-2026-35172) [row 126] [A39]':
    async (store) => {
      await note(store, A, blob);
      await note(store, B, blob);
      await store.clearDescriptor(A, digest);
      expect(await store.descriptor(B, 'blobs', digest)).toEqual(blob);
      await store.clearDescriptor(B, digest);
      await note(store, B, blob);
      expect(await store.descriptor(B, 'blobs', digest)).toEqual(blob);
      expect(await store.descriptor(A, 'blobs', digest)).toBeUndefined();
      await note(store, A, blob);
      expect(await store.descriptor(A, 'blobs', digest)).toEqual(blob);
    },
  'one sha256 digest is not noted as another [row 127]': async (store) => {
    expect(await failure(note(store, A, blob, named('another')))).toMatchObject({ code: 'DIGEST_INVALID' });
    expect(await store.descriptor(A, 'blobs', named('another'))).toBeUndefined();
  },
  'a digest that is a blob and a manifest is both': async (store) => {
    await note(store, A, blob);
    await note(store, A, { ...blob, mediaType: mediaTypes.ociManifest }, digest, 'manifests');
    expect((await store.descriptor(A, 'blobs', digest))?.mediaType).toBe(mediaTypes.octetStream);
    expect((await store.descriptor(A, 'manifests', digest))?.mediaType).toBe(mediaTypes.ociManifest);
  },
  'what was learnt before something was cleared is not noted after it': async (store) => {
    const before = await store.epoch(A);
    const inB = await store.epoch(B);
    await store.clearDescriptor(A, digest);
    await store.setDescriptor(A, 'blobs', digest, blob, before);
    await store.setTag(A, 'v1', { digest, at: 1 }, before);
    expect(await store.descriptor(A, 'blobs', digest)).toBeUndefined();
    expect(await store.tag(A, 'v1')).toBeUndefined();
    const between = await store.epoch(A);
    await store.clearTag(A, 'v1');
    await store.setTag(A, 'v1', { digest, at: 1 }, between);
    expect(await store.tag(A, 'v1')).toBeUndefined();
    await store.setDescriptor(B, 'blobs', digest, blob, inB);
    expect(await store.descriptor(B, 'blobs', digest)).toEqual(blob);
  },
  'clearing and noting at the same time leaves what was noted after, or nothing': async (store) => {
    for (let round = 0; round < 20; round++) {
      const epoch = await store.epoch(A);
      await Promise.all([
        ...Array.from({ length: 4 }, () => store.setDescriptor(A, 'blobs', digest, blob, epoch)),
        store.clearDescriptor(A, digest),
        ...Array.from({ length: 4 }, () => store.setDescriptor(A, 'blobs', digest, blob, epoch)),
      ]);
      expect(await store.descriptor(A, 'blobs', digest)).toBeUndefined();
    }
  },
  tags: async (store) => {
    const epoch = await store.epoch(A);
    await store.setTag(A, 'v1', { digest, at: 1_700_000_000_000 }, epoch);
    await store.setTag(A, 'V1', { digest: local, at: 2 }, epoch);
    expect(await store.tag(A, 'v1')).toEqual({ digest, at: 1_700_000_000_000 });
    expect(await store.tag(A, 'V1')).toEqual({ digest: local, at: 2 });
    await store.clearTag(A, 'v1');
    await store.clearTag(A, 'v1');
    expect(await store.tag(A, 'v1')).toBeUndefined();
    expect(await store.tag(A, 'V1')).toEqual({ digest: local, at: 2 });
  },
  'content, of any bytes': async (store) => {
    const every = Uint8Array.from({ length: 70_000 }, (_, at) => at % 251);
    for (const content of [every, every.subarray(5, 300), bytes('\0\r\n'), new Uint8Array()]) {
      for (const algorithm of ['sha256', 'sha512'] as const) {
        const name = digestOf(content, algorithm);
        await store.setContent(A.namespace, name, content);
        const got = await store.content(A.namespace, name, content.length);
        expect(Buffer.compare(got ?? bytes('none'), content)).toBe(0);
      }
    }
    const name = digestOf(every);
    await store.clearContent(A.namespace, name);
    await store.clearContent(A.namespace, name);
    expect(await store.content(A.namespace, name, every.length)).toBeUndefined();
  },
  'content that nobody could verify is not kept': async (store) => {
    expect(await failure(store.setContent(A.namespace, local, bytes(text)))).toMatchObject({
      code: 'DIGEST_INVALID',
    });
  },
  'the caller’s bytes are the caller’s': async (store) => {
    for (const mine of [bytes(text), Buffer.from(text)]) {
      await store.setContent(A.namespace, digest, mine);
      mine.fill(0);
      expect(new TextDecoder().decode(await store.content(A.namespace, digest, text.length))).toBe(text);
    }
  },
};

/** For stores that outlive their process: what one keeps, the next one finds. */
export async function keepsAcrossReopening(open: () => CacheStore): Promise<void> {
  const first = open();
  await note(first, A, blob);
  await note(first, A, { ...blob, mediaType: mediaTypes.ociManifest }, digest, 'manifests');
  await first.setTag(A, 'v1', { digest, at: 5 }, await first.epoch(A));
  await first.setContent(A.namespace, digest, bytes(text));
  await first.clearDescriptor(B, digest);
  const epoch = await first.epoch(B);
  await first.close();
  const second = open();
  expect(await second.descriptor(A, 'blobs', digest)).toEqual(blob);
  expect((await second.descriptor(A, 'manifests', digest))?.mediaType).toBe(mediaTypes.ociManifest);
  expect(await second.tag(A, 'v1')).toEqual({ digest, at: 5 });
  expect(Buffer.from((await second.content(A.namespace, digest, text.length)) ?? []).toString()).toBe(text);
  expect(await second.epoch(B)).toBe(epoch);
  await second.close();
}
