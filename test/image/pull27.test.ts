/**
 * The two examples of https://github.com/docker-library/meta-scripts/pull/27, where the form of synthesized indexes
 * comes from, compared as text: field by field, and in the order of the fields.
 *
 * The bytes behind the examples' digests are not at hand, so the registry here answers for those digests with
 * documents that say the same, and verifies nothing. What the examples do not show (the digests of the other
 * entries, the exact Windows version) is made up.
 */
import { expect, test } from 'vitest';
import { synthesizeIndex } from '../../src/image/index.ts';
import { digestOf, mediaTypes, parseDockerReference, type Descriptor } from '../../src/oci/index.ts';
import { RegistryError, type Content, type Registry } from '../../src/registry/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';

type Documents = Readonly<Record<string, { readonly descriptor: Descriptor; readonly document: object }>>;

/** Content of whatever it is given, under any digest. */
function unverified(descriptor: Descriptor, document: object): Content {
  const text = JSON.stringify(document);
  const bytes = async (): Promise<Uint8Array> => Buffer.from(text);
  return {
    descriptor,
    bytes,
    text: async () => text,
    json: async <T>() => document as T,
    cancel: async () => {},
    async *[Symbol.asyncIterator]() {
      yield await bytes();
    },
  };
}

function answering(documents: Documents): Registry {
  const get = async (_: string, reference: string): Promise<Content> => {
    const found = documents[reference];
    if (found === undefined) throw new RegistryError('MANIFEST_UNKNOWN', reference, { status: 404 });
    return unverified(found.descriptor, found.document);
  };
  return { ...memoryRegistry(), getManifest: get, getBlob: get };
}

const standIn = (name: string): string => digestOf(Buffer.from(name));

test('docker:dind', async () => {
  const architectures = [
    { name: 'amd64', platform: { architecture: 'amd64', os: 'linux' } },
    { name: 'arm32v6', platform: { architecture: 'arm', os: 'linux', variant: 'v6' } },
    { name: 'arm32v7', platform: { architecture: 'arm', os: 'linux', variant: 'v7' } },
    { name: 'arm64v8', platform: { architecture: 'arm64', os: 'linux', variant: 'v8' } },
  ];
  const digests: Record<string, string> = {
    amd64: 'sha256:c84968d89ea608b1c71c19f27346b6e4b215544c82a5825940073b454c3fc598',
  };
  const digestFor = (name: string): string => digests[name] ?? standIn(name);
  const about = {
    'org.opencontainers.image.base.digest':
      'sha256:93fd3077b1577a8de4e8c6437cea5713b7c38b319d42373f09fb30f9c227bc87',
    'org.opencontainers.image.base.name': 'docker:25-cli',
    'org.opencontainers.image.created': '2024-02-07T02:49:16Z',
  };
  const origin = {
    'org.opencontainers.image.revision': '3c3e8b2c5b9b1d5e3e5d1a0f0f6e7d8c9b0a1f2e',
    'org.opencontainers.image.source': 'https://github.com/docker-library/docker.git#3c3e8b2:25/dind',
    'org.opencontainers.image.url': 'https://hub.docker.com/_/docker',
    'org.opencontainers.image.version': '25.0.3-dind',
  };
  const unknown = { architecture: 'unknown', os: 'unknown' };
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: architectures.flatMap(({ name, platform }) => [
      // Out of order, as JSON objects may be.
      {
        platform,
        annotations: { ...origin, ...about },
        size: 4004,
        digest: digestFor(name),
        mediaType: mediaTypes.ociManifest,
      },
      {
        mediaType: mediaTypes.ociManifest,
        size: 839,
        digest: digestFor(`attestation of ${name}`),
        annotations: {
          'vnd.docker.reference.type': 'attestation-manifest',
          'vnd.docker.reference.digest': digestFor(name),
        },
        platform: unknown,
      },
    ]),
  };
  const digest = standIn('docker:dind') as Descriptor['digest'];
  const registry = answering({
    dind: { descriptor: { mediaType: mediaTypes.ociIndex, digest, size: 9999 }, document: index },
  });

  const place = 'docker.io/library/docker:dind';
  const wanted = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: architectures.flatMap(({ name, platform }) => [
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: digestFor(name),
        size: 4004,
        annotations: {
          'com.docker.official-images.bashbrew.arch': name,
          ...about,
          'org.opencontainers.image.ref.name': `${place}@${digestFor(name)}`,
          ...origin,
        },
        platform,
      },
      {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: digestFor(`attestation of ${name}`),
        size: 839,
        annotations: {
          'com.docker.official-images.bashbrew.arch': name,
          'org.opencontainers.image.ref.name': `${place}@${digestFor(`attestation of ${name}`)}`,
          'vnd.docker.reference.digest': digestFor(name),
          'vnd.docker.reference.type': 'attestation-manifest',
        },
        platform: unknown,
      },
    ]),
    annotations: { 'org.opencontainers.image.ref.name': `${place}@${digest}` },
  };
  const got = await synthesizeIndex(registry, parseDockerReference('docker:dind'));
  expect(JSON.stringify(got, null, '\t')).toBe(JSON.stringify(wanted, null, '\t'));
});

test('mcr.microsoft.com/windows/nanoserver@sha256:48aac1dc…', async () => {
  const digest = 'sha256:48aac1dc133f7b6b4985b17303a5c97d422f915b769a05fbca350a0fd438b4df';
  const place = `mcr.microsoft.com/windows/nanoserver@${digest}`;
  const config = standIn('config of nanoserver');
  const registry = answering({
    [digest]: {
      descriptor: { mediaType: mediaTypes.dockerManifest, digest: digest as never, size: 429 },
      document: {
        schemaVersion: 2,
        mediaType: mediaTypes.dockerManifest,
        config: { mediaType: mediaTypes.dockerConfig, size: 499, digest: config },
        layers: [],
      },
    },
    [config]: {
      descriptor: { mediaType: mediaTypes.octetStream, digest: config as never, size: 499 },
      document: { os: 'windows', 'os.version': '10.0.20348.2227', architecture: 'amd64', rootfs: {} },
    },
  });
  const wanted = `{
	"schemaVersion": 2,
	"mediaType": "application/vnd.docker.distribution.manifest.list.v2+json",
	"manifests": [
		{
			"mediaType": "application/vnd.docker.distribution.manifest.v2+json",
			"digest": "${digest}",
			"size": 429,
			"annotations": {
				"com.docker.official-images.bashbrew.arch": "windows-amd64",
				"org.opencontainers.image.ref.name": "${place}"
			},
			"platform": {
				"architecture": "amd64",
				"os": "windows",
				"os.version": "10.0.20348.2227"
			}
		}
	],
	"annotations": {
		"org.opencontainers.image.ref.name": "${place}"
	}
}`;
  const got = await synthesizeIndex(registry, parseDockerReference(place));
  expect(JSON.stringify(got, null, '\t')).toBe(wanted);
});
