import { randomBytes } from 'node:crypto';
import { describe, expect } from 'vitest';
import { registryClient, type RegistryClient } from '../../src/client/index.ts';
import { copy } from '../../src/image/index.ts';
import type { Digest } from '../../src/oci/index.ts';
import { isNotFound } from '../../src/registry/index.ts';
import { singleLayout } from '../../src/store/layout/index.ts';
import { digestOf, expectInRegistry, expectSameLayout, makeImage, readLayout } from './images.ts';
import { dockerRegistry } from './servers.ts';
import { play, type Stage } from './stage.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const EMPTY = 'application/vnd.oci.empty.v1+json';

describe('the client against docker-registry 2.8', () => {
  play('pushes an index under several tags, and pulls it', ['docker-registry'], async (stage) => {
    const { client } = await open(stage);
    const layout = await makeImage(stage, 'source', { platforms: 3 });
    const source = { registry: singleLayout(layout.directory), repository: 'layout', tag: 'latest' };
    await copy(source, { registry: client, repository: 'team/app', tag: 'first' });

    const index = await client.getManifest('team/app', 'first');
    const { mediaType } = index.descriptor;
    const tags = ['second', 'third', 'fourth'];
    expect((await client.pushManifest('team/app', await index.bytes(), { mediaType, tags })).tags).toEqual(
      tags,
    );
    for (const tag of ['first', ...tags]) await expectInRegistry(`${client.host}/team/app:${tag}`, layout);

    const back = stage.newFolder('back');
    const target = { registry: singleLayout(back), repository: 'layout', tag: 'back' };
    await copy({ registry: client, repository: 'team/app', tag: 'third' }, target);
    await expectSameLayout(await readLayout(back, 'back'), layout);
  });

  play('reads parts of blobs', ['docker-registry'], async (stage) => {
    const { client } = await open(stage);
    const { bytes, digest } = blob(100_000);
    await client.pushBlob('a', { digest, size: bytes.length }, bytes);

    const part = async (start: number, end?: number): Promise<Uint8Array> => {
      const range = { start, ...(end !== undefined && { end }) };
      return (await client.getBlob('a', digest, { range })).bytes();
    };
    expect(Buffer.from(await part(10, 20))).toEqual(bytes.subarray(10, 20));
    expect(Buffer.from(await part(99_990))).toEqual(bytes.subarray(99_990));
    expect(Buffer.from(await part(99_990, 200_000))).toEqual(bytes.subarray(99_990));
    await expect(part(100_000)).rejects.toMatchObject({ code: 'RANGE_INVALID' });
  });

  play('mounts blobs of other repositories', ['docker-registry'], async (stage) => {
    const { client } = await open(stage);
    const { bytes, digest } = blob(1000);
    await client.pushBlob('a', { digest, size: 1000 }, bytes);

    expect(await client.mountBlob('b', digest, 'a')).toBe(true);
    expect(await client.resolveBlob('b', digest)).toMatchObject({ digest, size: 1000 });
    expect(await client.mountBlob('b', blob(1000).digest, 'a')).toBe(false);

    const unread = (): never => {
      throw new Error('there was no need to read it');
    };
    await client.pushBlob('c', { digest, size: 1000 }, unread, { mountFrom: 'a' });
    expect(Buffer.from(await (await client.getBlob('c', digest)).bytes())).toEqual(bytes);
  });

  play('lists repositories and tags', ['docker-registry'], async (stage) => {
    const { client } = await open(stage);
    for (const repository of ['b', 'a/deep/name', 'c']) {
      const { bytes, mediaType } = await artifact(client, repository, {});
      await client.pushManifest(repository, bytes, { mediaType, tags: ['2', '10', 'latest'] });
    }
    expect(await all(client.repositories())).toEqual(['a/deep/name', 'b', 'c']);
    // In pages, too: this registry has them for repositories, and ignores what it is asked for with tags.
    expect(await all(client.repositories({ pageSize: 1, after: 'a/deep/name' }))).toEqual(['b', 'c']);
    expect(await all(client.tags('c'))).toEqual(['10', '2', 'latest']);
    expect(await all(client.tags('c', { pageSize: 1, after: '10' }))).toEqual(['2', 'latest']);
    await expect(all(client.tags('d'))).rejects.toSatisfy(isNotFound);
  });

  play('deletes blobs and manifests', ['docker-registry'], async (stage) => {
    const { client } = await open(stage);
    const { bytes, mediaType, digest } = await artifact(client, 'a', { annotations: { to: 'delete' } });
    await client.pushManifest('a', bytes, { mediaType, tags: ['1'] });

    // Of tags alone this registry knows nothing.
    await expect(client.deleteManifest('a', '1')).rejects.toMatchObject({ name: 'RegistryError' });
    await client.deleteManifest('a', digest);
    await expect(client.getManifest('a', digest)).rejects.toSatisfy(isNotFound);
    await expect(client.getManifest('a', '1')).rejects.toSatisfy(isNotFound);

    const gone = blob(1000);
    await client.pushBlob('a', { digest: gone.digest, size: 1000 }, gone.bytes);
    await client.deleteBlob('a', gone.digest);
    await expect(client.resolveBlob('a', gone.digest)).rejects.toSatisfy(isNotFound);
  });

  play('goes on with an upload that another client began', ['docker-registry'], async (stage) => {
    const { client, another } = await open(stage);
    const { bytes, digest } = blob(300_000);
    const begun = await client.startUpload('a');
    await begun.write(bytes.subarray(0, 100_000));

    const upload = await another().startUpload('a', { resume: begun.id });
    expect(upload.offset).toBe(100_000);
    await upload.write(bytes.subarray(100_000, 200_000));
    await upload.commit(digest, { chunk: bytes.subarray(200_000) });
    expect(Buffer.from(await (await client.getBlob('a', digest)).bytes())).toEqual(bytes);
  });

  play(
    'keeps referrers under the fallback tag, where oras finds them',
    ['docker-registry', 'oras'],
    async (stage) => {
      const { client } = await open(stage);
      const layout = await makeImage(stage, 'source');
      const place = { registry: client, repository: 'a', tag: '1' };
      const { descriptor: subject } = await copy(
        { registry: singleLayout(layout.directory), repository: 'layout', tag: 'latest' },
        place,
      );
      const ours = await artifact(client, 'a', { subject, artifactType: 'test/ours' });
      await client.pushManifest('a', ours.bytes, { mediaType: ours.mediaType });
      expect(await all(client.referrers('a', subject.digest))).toMatchObject([
        { digest: ours.digest, artifactType: 'test/ours' },
      ]);

      const byTag = ['--plain-http', '--distribution-spec', 'v1.1-referrers-tag'];
      const reference = `${client.host}/a@${subject.digest}`;
      expect(await stage.run('oras', 'discover', ...byTag, '--format', 'json', reference)).toContain(
        ours.digest,
      );

      // And the other way round.
      await stage.run(
        'oras',
        'attach',
        ...byTag,
        '--artifact-type',
        'test/theirs',
        '--annotation',
        'a=b',
        reference,
      );
      const types = (await all(client.referrers('a', subject.digest))).map(
        ({ artifactType }) => artifactType,
      );
      expect(new Set(types)).toEqual(new Set(['test/ours', 'test/theirs']));

      await client.deleteManifest('a', ours.digest);
      expect(await all(client.referrers('a', subject.digest))).toMatchObject([
        { artifactType: 'test/theirs' },
      ]);
    },
  );
});

interface Opened {
  readonly client: RegistryClient;
  another(): RegistryClient;
}

async function open(stage: Stage): Promise<Opened> {
  const { host } = await dockerRegistry(stage);
  const another = (): RegistryClient => {
    const client = registryClient(host);
    stage.onClose(client.close);
    return client;
  };
  return { client: another(), another };
}

function blob(size: number): { bytes: Buffer; digest: Digest } {
  const bytes = randomBytes(size);
  return { bytes, digest: digestOf(bytes) as Digest };
}

/** A manifest with nothing in it, whose parts are there. */
async function artifact(
  client: RegistryClient,
  repository: string,
  fields: object,
): Promise<{ bytes: Buffer; digest: Digest; mediaType: string }> {
  const empty = Buffer.from('{}');
  const config = { mediaType: EMPTY, digest: digestOf(empty) as Digest, size: empty.length };
  await client.pushBlob(repository, config, empty);
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    artifactType: 'test/none',
    config,
    layers: [config],
  };
  const bytes = Buffer.from(JSON.stringify({ ...manifest, ...fields }));
  return { bytes, digest: digestOf(bytes) as Digest, mediaType: MANIFEST };
}

async function all<T>(list: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}
