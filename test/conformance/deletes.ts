/**
 * What a deletion takes away, and what it leaves.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#content-management
 */
import { bodyIs, demand, headerIs, refused, status } from './answer.ts';
import { group, type Case } from './case.ts';
import { randomContent, word, type Algorithm } from './content.ts';
import { artifact, type Document } from './documents.ts';
import type { Registry } from './registry.ts';
import { allTags } from './taglist.ts';

const NO_MANIFEST = ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN'];
const NO_BLOB = ['BLOB_UNKNOWN', 'NAME_UNKNOWN'];

export function deleteCases(registry: Registry): Case[] {
  const { one, two } = registry;
  const gone = async (reference: string): Promise<void> => {
    refused(await registry.manifest('GET', one, reference), [404], ['MANIFEST_UNKNOWN']);
    refused(await registry.manifest('HEAD', one, reference), [404]);
  };
  const there = async (reference: string, { bytes, digest }: Document): Promise<void> => {
    const answer = status(await registry.manifest('GET', one, reference), 200);
    bodyIs(answer, bytes);
    headerIs(answer, 'Docker-Content-Digest', digest);
  };
  const put = async ({ bytes, mediaType }: Document, reference: string): Promise<void> => {
    status(await registry.putManifest(one, reference, bytes, mediaType), 201);
  };
  const tagged = async (tags: readonly string[], algorithm?: Algorithm): Promise<Document> => {
    const { manifest, blob } = artifact({ algorithm });
    await registry.push(one, blob);
    if (algorithm === undefined) for (const tag of tags) await put(manifest, tag);
    else await put(manifest, `${manifest.digest}?${tags.map((tag) => `tag=${tag}`).join('&')}`);
    return manifest;
  };
  const remove = async (reference: string): Promise<void> => {
    status(await registry.manifest('DELETE', one, reference), 202);
  };
  const twoTags = (): readonly [string, string] => [`first-${word()}`, `second-${word()}`];
  return group('deletes', {
    'a tag: the manifest and its other tags stay': async () => {
      const [first, second] = twoTags();
      const manifest = await tagged([first, second]);
      await remove(first);
      await gone(first);
      await there(second, manifest);
      await there(manifest.digest, manifest);
      const tags = await allTags(registry, one);
      demand(
        tags.includes(second) && !tags.includes(first),
        await registry.tags(one),
        `${second} but not ${first}`,
      );
    },
    'a tag twice: 404': async () => {
      const [tag] = twoTags();
      await tagged([tag]);
      await remove(tag);
      refused(await registry.manifest('DELETE', one, tag), [404], ['MANIFEST_UNKNOWN']);
    },
    'a tag that never was: 404': async () => {
      for (const repository of [one, `${one}/${word()}`]) {
        refused(await registry.manifest('DELETE', repository, `none-${word()}`), [404], NO_MANIFEST);
      }
    },
    'a manifest that never was: 404': async () => {
      for (const repository of [one, `${one}/${word()}`]) {
        refused(await registry.manifest('DELETE', repository, randomContent(9).digest), [404], NO_MANIFEST);
      }
    },
    'a blob that never was: 404': async () => {
      for (const repository of [one, `${one}/${word()}`]) {
        refused(await registry.blob('DELETE', repository, randomContent(9).digest), [404], NO_BLOB);
      }
    },
    'a manifest of another repository: 404': async () => {
      const manifest = await tagged([]);
      await put(manifest, manifest.digest);
      refused(await registry.manifest('DELETE', two, manifest.digest), [404], NO_MANIFEST);
      await there(manifest.digest, manifest);
    },
    'a blob of another repository: 404': async () => {
      const blob = randomContent(200);
      await registry.push(one, blob);
      refused(await registry.blob('DELETE', two, blob.digest), [404], NO_BLOB);
      bodyIs(status(await registry.blob('GET', one, blob.digest), 200), blob.bytes);
    },
    'a tag, and pushed again': async () => {
      const [tag] = twoTags();
      const manifest = await tagged([tag]);
      await remove(tag);
      await put(manifest, tag);
      await there(tag, manifest);
    },
    'a manifest by digest: its tags go too': async () => {
      const [first, second] = twoTags();
      const { digest } = await tagged([first, second]);
      await remove(digest);
      for (const reference of [digest, first, second]) await gone(reference);
      const tags = await allTags(registry, one);
      demand(
        !tags.includes(first) && !tags.includes(second),
        await registry.tags(one),
        `neither ${first} nor ${second}`,
      );
    },
    'a manifest by its sha512 digest: its tags go too': async () => {
      const [first, second] = twoTags();
      const { digest } = await tagged([first, second], 'sha512');
      await remove(digest);
      for (const reference of [digest, first, second]) await gone(reference);
    },
    'a manifest: a tag that was moved to another stays': async () => {
      const [tag] = twoTags();
      const before = await tagged([tag]);
      const after = await tagged([tag]);
      await remove(before.digest);
      await there(tag, after);
    },
    'a manifest twice: 404': async () => {
      const { digest } = await tagged(twoTags());
      await remove(digest);
      refused(await registry.manifest('DELETE', one, digest), [404], ['MANIFEST_UNKNOWN']);
    },
    'a manifest, and pushed again: without its tags': async () => {
      const [tag] = twoTags();
      const manifest = await tagged([tag]);
      await remove(manifest.digest);
      await put(manifest, manifest.digest);
      await there(manifest.digest, manifest);
      await gone(tag);
    },
    'a manifest: its blobs stay': async () => {
      const { manifest, blob } = artifact();
      await registry.push(one, blob);
      await put(manifest, manifest.digest);
      await remove(manifest.digest);
      bodyIs(status(await registry.blob('GET', one, blob.digest), 200), blob.bytes);
    },
    'a blob: the same in another repository stays': async () => {
      const blob = randomContent(200);
      await registry.push(one, blob);
      await registry.push(two, blob);
      status(await registry.blob('DELETE', one, blob.digest), 202);
      refused(await registry.blob('GET', one, blob.digest), [404], ['BLOB_UNKNOWN']);
      bodyIs(status(await registry.blob('GET', two, blob.digest), 200), blob.bytes);
    },
    'a blob, and pushed again': async () => {
      const blob = randomContent(200);
      await registry.push(one, blob);
      status(await registry.blob('DELETE', one, blob.digest), 202);
      await registry.push(one, blob);
      bodyIs(status(await registry.blob('GET', one, blob.digest), 200), blob.bytes);
    },
    'a blob as if it were a manifest: 404': async () => {
      const { manifest, blob } = artifact();
      await registry.push(one, blob);
      await put(manifest, manifest.digest);
      refused(await registry.manifest('DELETE', one, blob.digest), [404], ['MANIFEST_UNKNOWN']);
      bodyIs(status(await registry.blob('GET', one, blob.digest), 200), blob.bytes);
    },
  });
}
