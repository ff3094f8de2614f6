/**
 * What is not there is 404: manifests, blobs, repositories, and what is in another repository.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
 */
import { refused, status } from './answer.ts';
import { group, type Case } from './case.ts';
import { randomContent, word } from './content.ts';
import { artifact, type Document } from './documents.ts';
import type { Registry } from './registry.ts';

const MANIFEST_CODES = ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN'];
const BLOB_CODES = ['BLOB_UNKNOWN', 'NAME_UNKNOWN'];

export function missingCases(registry: Registry): Case[] {
  const { one, two } = registry;
  const nowhere = `${one}/${word()}`;
  const noManifest = async (repository: string, reference: string): Promise<void> => {
    refused(await registry.manifest('GET', repository, reference), [404], MANIFEST_CODES);
    refused(await registry.manifest('HEAD', repository, reference), [404]);
  };
  const noBlob = async (repository: string, digest: string): Promise<void> => {
    refused(await registry.blob('GET', repository, digest), [404], BLOB_CODES);
    refused(await registry.blob('HEAD', repository, digest), [404]);
  };
  const pushed = async (): Promise<Document> => {
    const { manifest, blob } = artifact();
    await registry.push(one, blob);
    status(await registry.putManifest(one, manifest.digest, manifest.bytes, manifest.mediaType), 201);
    return manifest;
  };
  const bad = 'sha256:baddigeststring';
  return [
    ...group('missing-manifest', {
      'by-digest': () => noManifest(one, randomContent(1024).digest),
      'by-sha512-digest': () => noManifest(one, randomContent(1024, 'sha512').digest),
      'by-tag': () => noManifest(one, `missing-${word()}`),
    }),
    ...group('invalid-digest-format', {
      'manifest-put': async () => {
        const { bytes, mediaType } = await pushed();
        refused(await registry.putManifest(one, bad, bytes, mediaType), [400], ['DIGEST_INVALID']);
      },
      'manifest-get': async () => {
        refused(await registry.manifest('GET', one, bad), [400, 404], ['DIGEST_INVALID', 'MANIFEST_UNKNOWN']);
      },
      'manifest-head': async () => refused(await registry.manifest('HEAD', one, bad), [400, 404]),
      'manifest-delete': async () => {
        refused(
          await registry.manifest('DELETE', one, bad),
          [400, 404],
          ['DIGEST_INVALID', 'MANIFEST_UNKNOWN'],
        );
      },
      'blob-get': async () => {
        refused(await registry.blob('GET', one, bad), [400, 404], ['DIGEST_INVALID', 'BLOB_UNKNOWN']);
      },
      'blob-head': async () => refused(await registry.blob('HEAD', one, bad), [400, 404]),
      'blob-delete': async () => {
        refused(await registry.blob('DELETE', one, bad), [400, 404], ['DIGEST_INVALID', 'BLOB_UNKNOWN']);
      },
    }),
    ...group('a repository that does not exist', {
      'has no manifests': async () => {
        await noManifest(nowhere, 'latest');
        await noManifest(nowhere, randomContent(9).digest);
      },
      'has no blobs': () => noBlob(nowhere, randomContent(9).digest),
      'has no tag list': async () => refused(await registry.tags(nowhere), [404], ['NAME_UNKNOWN']),
    }),
    ...group('what is in another repository', {
      'a blob is 404': async () => {
        const blob = randomContent(200);
        await registry.push(one, blob);
        await noBlob(two, blob.digest);
        status(await registry.blob('GET', one, blob.digest), 200);
      },
      'a manifest is 404': async () => {
        const { digest } = await pushed();
        await noManifest(two, digest);
        status(await registry.manifest('GET', one, digest), 200);
      },
      'a tag is 404': async () => {
        const { bytes, mediaType } = await pushed();
        const tag = `elsewhere-${word()}`;
        status(await registry.putManifest(one, tag, bytes, mediaType), 201);
        await noManifest(two, tag);
      },
      'a blob in a repository above or below is 404': async () => {
        const blob = randomContent(200);
        await registry.push(one, blob);
        await noBlob(nowhere, blob.digest);
      },
    }),
  ];
}
