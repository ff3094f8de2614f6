/**
 * Mounts of odd things, and what a mount leaves behind; plain mounts are in `blobs.ts`.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#mounting-a-blob-from-another-repository
 */
import { bodyIs, refused, status } from './answer.ts';
import { group, type Case } from './case.ts';
import { randomContent, word } from './content.ts';
import { place, type Registry } from './registry.ts';

export function mountCases(registry: Registry): Case[] {
  const { one, two } = registry;
  return group('mounts', {
    'a mounted blob stays when its source is deleted': async () => {
      const blob = randomContent(300);
      await registry.push(two, blob);
      status(await registry.post(one, `?mount=${blob.digest}&from=${two}`), 201);
      status(await registry.blob('DELETE', two, blob.digest), 202);
      bodyIs(status(await registry.blob('GET', one, blob.digest), 200), blob.bytes);
      refused(await registry.blob('GET', two, blob.digest), [404], ['BLOB_UNKNOWN']);
    },
    'with the parameters encoded and in the other order': async () => {
      const blob = randomContent(300);
      await registry.push(two, blob);
      const query = `?from=${encodeURIComponent(two)}&mount=${encodeURIComponent(blob.digest)}`;
      const answer = status(await registry.post(one, query), 201);
      bodyIs(status(await registry.send('GET', place(answer)), 200), blob.bytes);
    },
    again: async () => {
      const blob = randomContent(300);
      await registry.push(two, blob);
      for (let i = 0; i < 2; i++) status(await registry.post(one, `?mount=${blob.digest}&from=${two}`), 201);
    },
    'from the repository itself': async () => {
      const blob = randomContent(300);
      await registry.push(one, blob);
      status(await registry.post(one, `?mount=${blob.digest}&from=${one}`), 201, 202);
      bodyIs(status(await registry.blob('GET', one, blob.digest), 200), blob.bytes);
    },
    'from a repository that does not exist: an upload': async () => {
      await registry.open(one, `?mount=${randomContent(9).digest}&from=${one}/${word()}`);
    },
    'of a blob that is elsewhere than said: never without its bytes': async () => {
      const blob = randomContent(300);
      await registry.push(two, blob);
      const answer = status(
        await registry.post(one, `?mount=${blob.digest}&from=${one}/${word()}`),
        201,
        202,
      );
      const found = await registry.blob('GET', one, blob.digest);
      if (answer.status === 201) bodyIs(status(found, 200), blob.bytes);
      else refused(found, [404], ['BLOB_UNKNOWN']);
    },
    'from a name that is none: an upload or 400': () =>
      odd(registry, `mount=${randomContent(9).digest}&from=UPPER`),
    'from a path that leads elsewhere': () =>
      odd(registry, `mount=${randomContent(9).digest}&from=../${two}`),
    'of a digest that is none: an upload or 400': () => odd(registry, `mount=bad&from=${two}`),
    'of a short digest: an upload or 400': () => odd(registry, `mount=sha256:abc&from=${two}`),
    'of nothing: an upload or 400': () => odd(registry, `mount=&from=${two}`),
  });
}

async function odd(registry: Registry, query: string): Promise<void> {
  const answer = await registry.post(registry.one, `?${query}`);
  if (answer.status === 202) place(answer);
  else refused(answer, [400]);
}
