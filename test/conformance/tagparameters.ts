/**
 * Tags that go with a manifest pushed by digest: each one that was taken is named in `OCI-Tag`, and no other is there.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests
 */
import { demand, headerIs, headerList, refused, status } from './answer.ts';
import { group, type Case } from './case.ts';
import { word, type Algorithm } from './content.ts';
import { artifact, type Document } from './documents.ts';
import type { Answer } from './http.ts';
import type { Registry } from './registry.ts';

export function tagParameterCases(registry: Registry): Case[] {
  const { one } = registry;
  const make = async (algorithm?: Algorithm): Promise<Document> => {
    const { manifest, blob } = artifact({ algorithm });
    await registry.push(one, blob);
    return manifest;
  };
  const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `tag-${word()}-${i}`);
  const put = async ({ digest, bytes, mediaType }: Document, query: string): Promise<Answer> =>
    await registry.putManifest(one, `${digest}?${query}`, bytes, mediaType);
  const pointTo = async (tags: readonly string[], { digest }: Document): Promise<void> => {
    for (const tag of tags) {
      headerIs(status(await registry.manifest('HEAD', one, tag), 200), 'Docker-Content-Digest', digest);
    }
  };
  const taken = (answer: Answer, tags: readonly string[]): void => {
    headerIs(status(answer, 201), 'Docker-Content-Digest', /manifests\/([^?]+)/.exec(answer.path)?.[1] ?? '');
    const named = headerList(answer, 'OCI-Tag');
    const all = tags.every((tag) => named.includes(tag)) && named.every((tag) => tags.includes(tag));
    demand(all, answer, `OCI-Tag: ${tags.join(', ')}`, `OCI-Tag: ${named.join(', ')}`);
  };
  const none = async (tags: readonly string[]): Promise<void> => {
    for (const tag of tags) refused(await registry.manifest('HEAD', one, tag), [404]);
  };
  const query = (tags: readonly string[]): string => tags.map((tag) => `tag=${tag}`).join('&');
  return group('tag parameters', {
    'one tag': async () => {
      const [manifest, tags] = [await make(), names(1)];
      taken(await put(manifest, query(tags)), tags);
      await pointTo(tags, manifest);
    },
    'ten tags': async () => {
      const [manifest, tags] = [await make(), names(10)];
      taken(await put(manifest, query(tags)), tags);
      await pointTo(tags, manifest);
    },
    'ten tags of a sha512 digest: HEAD by tag gives that digest': async () => {
      const [manifest, tags] = [await make('sha512'), names(10)];
      taken(await put(manifest, query(tags)), tags);
      await pointTo(tags, manifest);
    },
    '47 tags: all of those named, or 414 and none': async () => {
      const [manifest, tags] = [await make(), names(47)];
      const answer = await put(manifest, query(tags));
      if (answer.status === 414) {
        refused(answer, [414]);
        await none(tags);
      } else {
        taken(answer, tags);
        await pointTo(tags, manifest);
      }
    },
    'the same tag twice': async () => {
      const [manifest, tags] = [await make(), names(1)];
      taken(await put(manifest, `${query(tags)}&${query(tags)}`), tags);
      await pointTo(tags, manifest);
    },
    'a tag that is there is moved': async () => {
      const [before, after, tags] = [await make(), await make(), names(2)];
      taken(await put(before, query(tags)), tags);
      taken(await put(after, query(tags)), tags);
      await pointTo(tags, after);
    },
    'a bad tag among good ones: 400, and none': async () => {
      const [manifest, tags] = [await make(), names(3)];
      for (const bad of ['-bad', '.bad', 'a%2fb', 'a%20b', '', 'x'.repeat(129), 'sha256:abc']) {
        refused(await put(manifest, `${query(tags.slice(0, 2))}&tag=${bad}&${query(tags.slice(2))}`), [400]);
        await none(tags);
      }
      refused(await registry.manifest('HEAD', one, manifest.digest), [404]);
    },
    'a wrong digest: 400, and none': async () => {
      const [manifest, other, tags] = [await make(), await make(), names(2)];
      refused(await put({ ...manifest, digest: other.digest }, query(tags)), [400], ['DIGEST_INVALID']);
      await none(tags);
    },
    'no parameter: no OCI-Tag': async () => {
      const { digest, bytes, mediaType } = await make();
      const answer = status(await registry.putManifest(one, digest, bytes, mediaType), 201);
      demand(
        headerList(answer, 'OCI-Tag').length === 0,
        answer,
        'no OCI-Tag',
        headerList(answer, 'OCI-Tag').join(),
      );
    },
  });
}
