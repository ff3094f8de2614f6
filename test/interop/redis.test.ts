import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { registryClient, type RegistryClient } from '../../src/client/index.ts';
import { mediaTypes, type Descriptor } from '../../src/oci/index.ts';
import { errorCode, intercept } from '../../src/registry/index.ts';
import { createHandler, listen } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { cached, redisCache, type CacheEvent, type CacheStore } from '../../src/wrap/cache/index.ts';
import { bytes, named } from '../oci/words.ts';
import { A, keepsAcrossReopening, note, storeContract } from '../wrap/cache/store-contract.ts';
import type { Done, Task } from './redis-child.ts';
import { compileProgram } from '../child-program.ts';
import { redisServer, startRedis } from './redis-server.ts';
import { play, type Stage } from './stage.ts';

/** Docker's registry, which keeps its descriptors in that Redis. */
async function registryWithRedis(stage: Stage, host: string): Promise<RegistryClient> {
  const rootdirectory = stage.newFolder('registry');
  const settings = `${rootdirectory}.json`;
  await writeFile(
    settings,
    JSON.stringify({
      version: 0.1,
      log: { level: 'info' },
      storage: { filesystem: { rootdirectory }, cache: { blobdescriptor: 'redis' } },
      redis: { addr: host },
      http: { addr: '127.0.0.1:0', secret: 'not a secret' },
    }),
  );
  const running = stage.start('docker-registry', ['serve', settings]);
  const [, address = ''] = await running.line(/listening on (127\.0\.0\.1:\d+)/);
  const client = registryClient(address);
  stage.onClose(client.close);
  return client;
}

function open(stage: Stage, url: string, options: { readonly prefix?: string } = {}): CacheStore {
  const store = redisCache({ url, ...options });
  stage.onClose(() => store.close());
  return store;
}

const text = 'some content';
const digest = named(text);
const blob: Descriptor = { mediaType: mediaTypes.octetStream, digest, size: text.length };
const own = { namespace: '', repository: 'a/b' };

describe('a cache in Redis', () => {
  play('does what every store of a cache does [row 124]', ['redis-server'], async (stage) => {
    const { url } = await redisServer(stage);
    for (const [name, run] of Object.entries(storeContract)) {
      const store = open(stage, url, { prefix: `${name} ` });
      await run(store).catch((error: unknown) => {
        throw new Error(name, { cause: error });
      });
      await store.close();
    }
    await keepsAcrossReopening(() => open(stage, url));
  });

  play(
    'keeps blobs under the keys of distribution, and the rest beside them',
    ['redis-server'],
    async (stage) => {
      const { url, client } = await redisServer(stage);
      const store = open(stage, url);
      await note(store, own, blob);
      expect((await client.keys('*')).toSorted()).toEqual([
        `blobs::${digest}`,
        'repository::a/b::blobs',
        `repository::a/b::blobs::${digest}`,
      ]);
      const size = String(text.length);
      expect(await client.hgetall(`blobs::${digest}`)).toEqual({ digest, size, mediatype: blob.mediaType });
      expect(await client.smembers('repository::a/b::blobs')).toEqual([digest]);
      expect(await client.hget(`repository::a/b::blobs::${digest}`, 'mediatype')).toBe(blob.mediaType);

      // The first who says what kind of thing a digest is has said it for all; a repository may say otherwise for itself.
      await note(store, own, { ...blob, mediaType: 'application/json' });
      expect(await client.hget(`blobs::${digest}`, 'mediatype')).toBe(blob.mediaType);
      expect(await client.hget(`repository::a/b::blobs::${digest}`, 'mediatype')).toBe('application/json');

      await store.clearDescriptor(own, digest);
      expect(await client.exists('repository::a/b::blobs', `repository::a/b::blobs::${digest}`)).toBe(0);
      expect(await client.hget(`blobs::${digest}`, 'size')).toBe(size);

      await note(store, own, { ...blob, mediaType: mediaTypes.ociManifest }, digest, 'manifests');
      await store.setTag(own, 'v1', { digest, at: 5 }, await store.epoch(own));
      await store.setContent('', digest, bytes(text));
      await store.setContent('registry.test', digest, bytes(text));
      expect(await client.smembers('repository::a/b::manifests')).toEqual([digest]);
      expect(await client.exists('repository::a/b::blobs')).toBe(0);
      expect(await client.hgetall('repository::a/b::tags::v1')).toEqual({ digest, at: '5' });
      expect(await client.get(`content::${digest}`)).toBe(text);
      expect(await client.get(`content::registry.test::${digest}`)).toBe(text);

      // Of other registries it writes nothing where the registry itself would read it.
      await client.flushall();
      await note(store, A, blob);
      expect((await client.keys('*')).toSorted()).toEqual([
        'repository::registry.test//a/b::blobs',
        `repository::registry.test//a/b::blobs::${digest}`,
      ]);
    },
  );

  play(
    'understands what distribution wrote, and what only looks like it is not there',
    ['redis-server'],
    async (stage) => {
      const { url, client } = await redisServer(stage);
      const store = open(stage, url);
      const [common, members] = [`blobs::${digest}`, 'repository::a/b::blobs'];
      const look = async (): Promise<Descriptor | undefined> => store.descriptor(own, 'blobs', digest);

      await client.hset(common, { digest, size: text.length, mediatype: blob.mediaType });
      expect(await look(), 'known, but not to this repository').toBeUndefined();
      await client.sadd(members, digest);
      expect(await look()).toEqual(blob);
      await client.hset(`repository::a/b::blobs::${digest}`, { mediatype: 'application/json' });
      expect(await look()).toEqual({ ...blob, mediaType: 'application/json' });
      await client.srem(members, digest);
      expect(await look(), 'the right was taken back').toBeUndefined();

      await client.del(`repository::a/b::blobs::${digest}`);
      await client.sadd(members, digest);
      for (const fields of [
        {},
        { digest, size: 12 },
        { digest, mediatype: blob.mediaType },
        { size: 12, mediatype: blob.mediaType },
        { digest, length: 12, mediatype: blob.mediaType },
        { digest, size: '-1', mediatype: blob.mediaType },
        { digest, size: '12x', mediatype: blob.mediaType },
        { digest: 'nonsense', size: 12, mediatype: blob.mediaType },
      ]) {
        await client.del(common);
        if (Object.keys(fields).length > 0) await client.hset(common, fields);
        expect(await look(), JSON.stringify(fields)).toBeUndefined();
      }

      // What the registry has noted for all of its repositories says nothing about those of another one.
      await client.hset(common, { digest, size: text.length, mediatype: blob.mediaType });
      await client.sadd('repository::registry.test//a/b::blobs', digest);
      expect(await store.descriptor(A, 'blobs', digest)).toBeUndefined();
    },
  );

  play(
    'shares it with docker-registry: each reads what the other wrote',
    ['redis-server', 'docker-registry'],
    async (stage) => {
      const { url } = await redisServer(stage);
      const registry = await registryWithRedis(stage, new URL(url).host);
      const store = open(stage, url);
      await registry.pushBlob('a/b', blob, bytes(text));
      await registry.resolveBlob('a/b', digest);
      expect(await store.descriptor(own, 'blobs', digest)).toEqual(blob);
      expect(await store.descriptor({ ...own, repository: 'c/d' }, 'blobs', digest)).toBeUndefined();

      // Of this one it knows from us alone.
      const other = { ...blob, digest: named('other'), size: 5 };
      expect(await registry.resolveBlob('a/b', other.digest).catch(errorCode)).toBe('BLOB_UNKNOWN');
      await note(store, own, other);
      expect(await registry.resolveBlob('a/b', other.digest)).toEqual(other);
      await store.clearDescriptor(own, other.digest);
      expect(await registry.resolveBlob('a/b', other.digest).catch(errorCode)).toBe('BLOB_UNKNOWN');
    },
  );

  play(
    'takes a connection of one’s own, and leaves it open; content may have an end',
    ['redis-server'],
    async (stage) => {
      const { client } = await redisServer(stage);
      const store = redisCache({ client, contentLifetime: 60_000 });
      await note(store, own, blob);
      await store.setContent('', digest, bytes(text));
      expect(await client.pttl(`content::${digest}`)).toBeGreaterThan(50_000);
      await store.close();
      expect(await client.ping()).toBe('PONG');
    },
  );

  play(
    'that stands still is waited for once, and used again when it goes on',
    ['redis-server'],
    async (stage) => {
      const { url, process: redis } = await redisServer(stage);
      const store = open(stage, url);
      const told: CacheEvent[] = [];
      const origin = memoryRegistry();
      await origin.pushBlob('r', blob, bytes(text));
      const registry = cached(origin, store, { onEvent: (event) => told.push(event) });
      const read = async (): Promise<number> => {
        const started = performance.now();
        expect(await (await registry.getBlob('r', digest)).text()).toBe(text);
        return performance.now() - started;
      };
      await read();
      redis.kill('SIGSTOP');
      expect(await read()).toBeLessThan(1200);
      for (let time = 0; time < 10; time++) expect(await read()).toBeLessThan(100);
      expect(told.at(-1)).toMatchObject({ outcome: 'miss' });
      expect(told.some(({ reason }) => reason === 'Redis: it did not answer in 500 ms')).toBe(true);
      redis.kill('SIGCONT');
      await expect.poll(async () => (await read(), told.at(-1)?.outcome), { timeout: 15_000 }).toBe('hit');
    },
  );
});

/** Another process, which does one thing after the other. */
interface Other {
  do(task: Task['task'], repository?: string): Promise<Done>;
}

async function otherProcesses(
  stage: Stage,
  redis: string,
  registry: string,
): Promise<readonly [Other, Other]> {
  const peers = ['ioredis', 'undici'];
  const outfile = await compileProgram(new URL('redis-child.ts', import.meta.url), stage.folder, peers);
  const begin = (): Other => {
    const child = spawn(process.execPath, [outfile, redis, registry], { stdio: ['pipe', 'pipe', 'inherit'] });
    stage.onClose(async () => child.kill('SIGKILL'));
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return {
      async do(task, repository = 'r') {
        child.stdin.write(`${JSON.stringify({ task, repository, digest } satisfies Task)}\n`);
        const { value } = await answers.next();
        return JSON.parse(value as string) as Done;
      },
    };
  };
  return [begin(), begin()];
}

const outcomes = ({ told }: Done): readonly string[] => told.map(({ outcome }) => outcome);

play(
  'two processes share a cache in Redis, also when it goes away and comes back',
  ['redis-server'],
  async (stage) => {
    const redis = await redisServer(stage);
    const asked: string[] = [];
    const origin = memoryRegistry();
    for (const repository of ['r', 's']) await origin.pushBlob(repository, blob, bytes(text));
    const watched = intercept(origin, (operation, next) => {
      asked.push(operation.name);
      return next(operation);
    });
    const server = await listen(createHandler(watched));
    stage.onClose(server.close);
    const [one, two] = await otherProcesses(stage, redis.url, server.url);

    // What one has read, the other is not asked for.
    expect(await one.do('get')).toMatchObject({ result: text, told: [{ outcome: 'miss' }] });
    expect(await two.do('get')).toMatchObject({ result: text, told: [{ outcome: 'hit' }] });
    expect(asked.splice(0)).toEqual(['getBlob']);

    // What one deletes is gone for the other at once, there alone.
    expect((await two.do('get', 's')).result).toBe(text);
    expect((await one.do('delete')).result).toBe('deleted');
    expect(await two.do('get')).toMatchObject({ result: 'BLOB_UNKNOWN', told: [{ outcome: 'miss' }] });
    expect(await one.do('get', 's')).toMatchObject({ result: text, told: [{ outcome: 'hit' }] });
    expect(asked.splice(0)).toEqual(['getBlob', 'deleteBlob', 'getBlob']);

    // Without Redis they go on, and say so.
    redis.process.kill('SIGKILL');
    await redis.process.ended;
    for (const other of [one, two]) {
      for (let time = 0; time < 5; time++) {
        const done = await other.do('get', 's');
        expect(done.result).toBe(text);
        expect(outcomes(done)).toContain('error');
        expect(done.duration).toBeLessThan(time === 0 ? 1200 : 200);
      }
    }
    expect(asked.splice(0)).toHaveLength(10);
    expect((await one.do('delete', 's')).result).toBe('UNAVAILABLE');
    expect((await two.do('get', 's')).result).toBe('BLOB_UNKNOWN');

    // When it is back, it is used again.
    await origin.pushBlob('r', blob, bytes(text));
    await startRedis(stage, Number(new URL(redis.url).port));
    for (const other of [one, two]) {
      const until = Date.now() + 15_000;
      while (outcomes(await other.do('get')).includes('error')) {
        if (Date.now() > until) throw new Error('it was not used again');
        await sleep(100);
      }
    }
    asked.splice(0);
    for (const other of [one, two])
      expect(await other.do('get')).toMatchObject({ told: [{ outcome: 'hit' }] });
    expect(asked).toEqual([]);
  },
);
