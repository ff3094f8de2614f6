/**
 * Manifests up to 4 MiB are taken, larger ones are refused with 413, however their length is told.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests
 */
import { bodyIs, refused, status } from './answer.ts';
import { group, type Case } from './case.ts';
import { contentOf, word, type Content } from './content.ts';
import { artifact } from './documents.ts';
import { MANIFEST } from './mediatype.ts';
import { alive } from './ping.ts';
import type { Registry } from './registry.ts';

const MOST = 4 * 1024 * 1024;
const TOO_LARGE = ['SIZE_INVALID', 'MANIFEST_INVALID'];

export function limitCases(registry: Registry): Case[] {
  const { one } = registry;
  return group('manifest limit', {
    '4 MiB: accepted': async () => {
      const { digest, bytes } = await ofSize(registry, MOST);
      status(await registry.putManifest(one, digest, bytes, MANIFEST), 201);
      bodyIs(status(await registry.manifest('GET', one, digest), 200), bytes);
      status(await registry.manifest('DELETE', one, digest), 202);
    },
    '4 MiB in HTTP chunks: accepted': async () => {
      const { digest, bytes } = await ofSize(registry, MOST);
      const headers = { 'Content-Type': MANIFEST };
      const message = { headers, body: bytes, chunked: true };
      status(await registry.send('PUT', `/v2/${one}/manifests/${digest}`, message), 201);
      status(await registry.manifest('DELETE', one, digest), 202);
    },
    'one byte more: 413': () => tooLarge(registry, MOST + 1, false),
    'one byte more in HTTP chunks: 413': () => tooLarge(registry, MOST + 1, true),
    '12 MiB: 413': () => tooLarge(registry, 3 * MOST, false),
    '12 MiB in HTTP chunks: 413': () => tooLarge(registry, 3 * MOST, true),
  });
}

async function tooLarge(registry: Registry, size: number, chunked: boolean): Promise<void> {
  const { digest, bytes } = await ofSize(registry, size);
  const tag = `large-${word()}`;
  for (const reference of [tag, digest]) {
    const path = `/v2/${registry.one}/manifests/${reference}`;
    const answer = await registry.send('PUT', path, {
      headers: { 'Content-Type': MANIFEST },
      body: bytes,
      chunked,
    });
    refused(answer, [413], TOO_LARGE);
    refused(await registry.manifest('HEAD', registry.one, reference), [404]);
  }
  await alive(registry);
}

/** A manifest of exactly this size. */
async function ofSize(registry: Registry, size: number): Promise<Content> {
  const { manifest, blob } = artifact({ annotations: { padding: '' } });
  await registry.push(registry.one, blob);
  const [before, after] = manifest.bytes.toString().split('"padding":"');
  const padding = 'A'.repeat(size - manifest.bytes.length);
  return contentOf(`${before}"padding":"${padding}${after}`);
}
