/** Referrers where the registry has no API for them: many pushes at once, through one client. */
import { expect, test } from 'vitest';
import { registryClient } from '../../src/client/index.ts';
import { mediaTypes, type Descriptor } from '../../src/oci/index.ts';
import type { Registry } from '../../src/registry/index.ts';
import { createHandler, listen, type Handler } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { all } from './talk.ts';

/** Pushes an artifact that refers to the subject, and gives its digest. */
async function refer(registry: Registry, subject: Descriptor, name: string): Promise<string> {
  const config = { mediaType: mediaTypes.ociEmpty, digest: subject.digest, size: subject.size };
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: `application/vnd.test.${name}`,
      config,
      layers: [],
      subject,
    }),
  );
  return (await registry.pushManifest('r', bytes, { mediaType: mediaTypes.ociManifest })).descriptor.digest;
}

async function served(change: (inner: Handler) => Handler, act: (registry: Registry) => Promise<void>) {
  const server = await listen(change(createHandler(memoryRegistry({ sparse: true }))));
  const registry = registryClient(server.url);
  try {
    await act(registry);
  } finally {
    await registry.close();
    await server.close();
  }
}

const withoutApi =
  (inner: Handler): Handler =>
  async (request) => {
    if (request.target.includes('/referrers/')) return { status: 404, headers: { 'content-length': '0' } };
    const { headers, ...reply } = await inner(request);
    const { 'oci-subject': _, ...rest } = headers;
    return { ...reply, headers: rest };
  };

test('none is lost', async () => {
  await served(withoutApi, async (registry) => {
    const { descriptor } = await registry.pushManifest(
      'r',
      Buffer.from('{"schemaVersion":2,"manifests":[]}'),
      {
        mediaType: mediaTypes.ociIndex,
      },
    );
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const pushed = await Promise.all(names.map((name) => refer(registry, descriptor, name)));
    const listed = await all(registry.referrers('r', descriptor.digest));
    expect(listed.map(({ digest }) => digest).toSorted()).toEqual(pushed.toSorted());
  });
});

test('that there was no answer for a repository which was not there yet, is forgotten when there is one', async () => {
  let pushed = false;
  const late =
    (inner: Handler): Handler =>
    async (request) => {
      if (request.target.includes('/referrers/') && !pushed)
        return { status: 404, headers: { 'content-length': '0' } };
      pushed ||= request.method === 'PUT';
      return inner(request);
    };
  await served(late, async (registry) => {
    const { descriptor } = await memoryRegistry().pushManifest(
      'r',
      Buffer.from('{"schemaVersion":2,"manifests":[]}'),
      { mediaType: mediaTypes.ociIndex },
    );
    expect(await all(registry.referrers('r', descriptor.digest))).toEqual([]);
    const digest = await refer(registry, descriptor, 'late');
    expect((await all(registry.referrers('r', descriptor.digest))).map((entry) => entry.digest)).toEqual([
      digest,
    ]);
  });
});
