/** Exactly what is asked of a registry that has a cache in front. */
import { expect, test } from 'vitest';
import type { Exchange } from '../../../src/testing/index.ts';
import {
  cached,
  diskCache,
  memoryCache,
  type CacheEvent,
  type CacheOptions,
  type CacheStore,
} from '../../../src/wrap/cache/index.ts';
import type { Registry } from '../../../src/registry/index.ts';
import { blob, failure, hello, image, index, manifest, talk, type Thing } from '../../client/talk.ts';
import { newFolder } from './folder.ts';

const headersOf = ({ bytes, descriptor }: Thing): Record<string, string> => ({
  'content-type': descriptor.mediaType,
  'content-length': String(bytes.length),
  'docker-content-digest': descriptor.digest,
});
const get = (path: string, thing: Thing): Exchange => ({
  request: `GET /v2/${path}`,
  answer: { headers: headersOf(thing), body: thing.bytes },
});
const head = (path: string, thing: Thing): Exchange => ({
  request: `HEAD /v2/${path}`,
  answer: { headers: headersOf(thing) },
});
const no = (request: string, status: number): Exchange => ({ request, answer: { status } });

/** What the cache told: `getManifest v1: miss`. */
type Told = string[];

/** Does something with a cache around a registry that answers by a table; all of the table must be played. */
async function during(
  store: CacheStore,
  exchanges: readonly Exchange[],
  act: (registry: Registry) => Promise<unknown>,
  options: CacheOptions = {},
): Promise<Told> {
  const { registry, done } = talk(exchanges);
  const told: Told = [];
  const onEvent = ({ operation, reference, outcome }: CacheEvent): void => {
    told.push(`${operation} ${reference}: ${outcome}`);
  };
  await act(cached(registry, store, { onEvent, ...options }));
  done();
  return told;
}

/** Reads a manifest, and checks that it is this one. */
async function reads(registry: Registry, reference: string, thing: Thing, repository = 'r'): Promise<void> {
  const content = await registry.getManifest(repository, reference);
  expect(content.descriptor).toEqual(thing.descriptor);
  expect(Buffer.from(await content.bytes())).toEqual(Buffer.from(thing.bytes));
}

async function readsBlob(registry: Registry, thing: Thing, repository = 'r'): Promise<void> {
  const content = await registry.getBlob(repository, thing.digest);
  expect(content.descriptor).toEqual(thing.descriptor);
  expect(Buffer.from(await content.bytes())).toEqual(Buffer.from(thing.bytes));
}

const times = (count: number, act: () => Promise<void>): Promise<void[]> =>
  Promise.all(Array.from({ length: count }, act));

test('a hundred reads of a tag at once are one request, and so of a digest and of a blob', async () => {
  await during(memoryCache(), [get('r/manifests/v1', index)], (registry) =>
    times(100, () => reads(registry, 'v1', index)),
  );
  await during(memoryCache(), [get(`r/manifests/${index.digest}`, index)], (registry) =>
    times(100, () => reads(registry, index.digest, index)),
  );
  await during(memoryCache(), [get(`r/blobs/${hello.digest}`, hello)], (registry) =>
    times(100, () => readsBlob(registry, hello)),
  );
  await during(memoryCache(), [head('r/manifests/v1', index)], (registry) =>
    times(100, async () => expect(await registry.resolveManifest('r', 'v1')).toEqual(index.descriptor)),
  );
  await during(memoryCache(), [head(`r/blobs/${hello.digest}`, hello)], (registry) =>
    times(100, async () => expect(await registry.resolveBlob('r', hello.digest)).toEqual(hello.descriptor)),
  );
});

test('another process with a warm disk: a tag is one HEAD, a digest nothing', async () => {
  const folder = await newFolder();
  await during(
    diskCache(folder),
    [
      get('r/manifests/v1', index),
      get(`r/manifests/${image.digest}`, image),
      get(`r/blobs/${hello.digest}`, hello),
    ],
    async (registry) => {
      await reads(registry, 'v1', index);
      await reads(registry, image.digest, image);
      await readsBlob(registry, hello);
    },
  );
  const told = await during(diskCache(folder), [head('r/manifests/v1', index)], async (registry) => {
    await reads(registry, 'v1', index);
    await reads(registry, index.digest, index);
    await reads(registry, image.digest, image);
    await readsBlob(registry, hello);
    expect(await registry.resolveManifest('r', image.digest)).toEqual(image.descriptor);
    expect(await registry.resolveBlob('r', hello.digest)).toEqual(hello.descriptor);
  });
  expect(told.map((line) => line.replace(/.*: /, ''))).toEqual([
    'revalidated',
    'hit',
    'hit',
    'hit',
    'hit',
    'hit',
  ]);
});

test('a value that was not there is asked for once, and kept [row 120]', async () => {
  const told = await during(
    memoryCache(),
    [head(`r/manifests/${image.digest}`, image), head(`r/blobs/${hello.digest}`, hello)],
    async (registry) => {
      for (const _ of [1, 2]) {
        expect(await registry.resolveManifest('r', image.digest)).toEqual(image.descriptor);
        expect(await registry.resolveBlob('r', hello.digest)).toEqual(hello.descriptor);
      }
    },
  );
  expect(told).toEqual([
    `resolveManifest ${image.digest}: miss`,
    `resolveBlob ${hello.digest}: miss`,
    `resolveManifest ${image.digest}: hit`,
    `resolveBlob ${hello.digest}: hit`,
  ]);
});

test('a tag that has moved: what it points at now is asked for, unless that is known too', async () => {
  await during(
    memoryCache(),
    [
      get('r/manifests/v1', index),
      get(`r/manifests/${image.digest}`, image),
      head('r/manifests/v1', image),
      head('r/manifests/v1', manifestOf('third')),
      get('r/manifests/v1', manifestOf('third')),
      head('r/manifests/v1', manifestOf('third')),
    ],
    async (registry) => {
      await reads(registry, 'v1', index);
      await reads(registry, image.digest, image);
      await reads(registry, 'v1', image);
      await reads(registry, 'v1', manifestOf('third'));
      await reads(registry, 'v1', manifestOf('third'));
    },
  );
});

test('within its lifetime a tag is not asked for, and after that it is', async () => {
  let now = 1_000_000;
  await during(
    memoryCache(),
    [get('r/manifests/v1', index), head('r/manifests/v1', index)],
    async (registry) => {
      await reads(registry, 'v1', index);
      now += 59_999;
      await reads(registry, 'v1', index);
      expect(await registry.resolveManifest('r', 'v1')).toEqual(index.descriptor);
      now += 1;
      await reads(registry, 'v1', index);
      now += 30_000;
      await reads(registry, 'v1', index);
    },
    { tagLifetime: 60_000, now: () => now },
  );
});

test('a tag from the future is not believed', async () => {
  let now = 1_000_000;
  await during(
    memoryCache(),
    [get('r/manifests/v1', index), head('r/manifests/v1', index)],
    async (registry) => {
      await reads(registry, 'v1', index);
      now -= 10_000;
      await reads(registry, 'v1', index);
    },
    { tagLifetime: 60_000, now: () => now },
  );
});

test('a tag that is gone is gone, and forgotten: the next read asks for it anew', async () => {
  await during(
    memoryCache(),
    [get('r/manifests/v1', index), no('HEAD /v2/r/manifests/v1', 404), get('r/manifests/v1', index)],
    async (registry) => {
      await reads(registry, 'v1', index);
      expect(await failure(registry.getManifest('r', 'v1'))).toMatchObject({ status: 404 });
      await reads(registry, 'v1', index);
    },
  );
});

test('what one repository has is asked for in another, and given where the registry says so [row 125] [A39]', async () => {
  await during(
    memoryCache(),
    [
      get(`a/blobs/${hello.digest}`, hello),
      no(`GET /v2/b/blobs/${hello.digest}`, 404),
      no(`HEAD /v2/b/blobs/${hello.digest}`, 403),
      get(`a/manifests/${image.digest}`, image),
      no(`GET /v2/b/manifests/${image.digest}`, 404),
      no(`HEAD /v2/b/manifests/${image.digest}`, 403),
      get(`c/blobs/${hello.digest}`, hello),
    ],
    async (registry) => {
      await readsBlob(registry, hello, 'a');
      expect(await failure(registry.getBlob('b', hello.digest))).toMatchObject({ status: 404 });
      expect(await failure(registry.resolveBlob('b', hello.digest))).toMatchObject({ status: 403 });
      await reads(registry, image.digest, image, 'a');
      expect(await failure(registry.getManifest('b', image.digest))).toMatchObject({ status: 404 });
      expect(await failure(registry.resolveManifest('b', image.digest))).toMatchObject({ status: 403 });
      await readsBlob(registry, hello, 'c');
      await readsBlob(registry, hello, 'c');
    },
  );
});

test('two registries in one store: neither is given what only the other has [A40]', async () => {
  const store = memoryCache();
  await during(
    store,
    [get('r/manifests/v1', index), get(`r/blobs/${hello.digest}`, hello)],
    async (registry) => {
      await reads(registry, 'v1', index);
      await readsBlob(registry, hello);
    },
    { namespace: 'good.test' },
  );
  await during(
    store,
    [
      get('r/manifests/v1', image),
      no(`GET /v2/r/blobs/${hello.digest}`, 404),
      // It says that it has what it cannot give.
      head(`r/blobs/${hello.digest}`, hello),
      no(`GET /v2/r/blobs/${hello.digest}`, 404),
    ],
    async (registry) => {
      await reads(registry, 'v1', image);
      expect(await failure(registry.getBlob('r', hello.digest))).toMatchObject({ status: 404 });
      await registry.resolveBlob('r', hello.digest);
      expect(await failure(registry.getBlob('r', hello.digest))).toMatchObject({ status: 404 });
    },
    { namespace: 'bad.test' },
  );
});

test('other bytes than were asked for are refused, and not kept for anybody [A40]', async () => {
  const store = memoryCache();
  const wrong = { ...hello, bytes: Buffer.from('hellO') };
  await during(
    store,
    [
      get(`r/blobs/${hello.digest}`, wrong),
      get(`r/blobs/${hello.digest}`, hello),
      {
        request: `GET /v2/r/manifests/${image.digest}`,
        answer: { headers: headersOf(image), body: index.bytes },
      },
      get(`r/manifests/${image.digest}`, image),
    ],
    async (registry) => {
      expect(await failure(registry.getBlob('r', hello.digest))).toMatchObject({ code: 'DIGEST_MISMATCH' });
      await readsBlob(registry, hello);
      expect(await failure(registry.getManifest('r', image.digest))).toMatchObject({
        code: 'DIGEST_MISMATCH',
      });
      await reads(registry, image.digest, image);
    },
  );
});

test.each([401, 403, 429, 500, 503])(
  '%i is passed on and not kept, however warm the cache is [rows 123, 139] [A41]',
  async (status) => {
    await during(
      memoryCache(),
      [
        get('r/manifests/v1', index),
        no('HEAD /v2/r/manifests/v1', status),
        no('HEAD /v2/r/manifests/v1', status),
        no(`GET /v2/r/blobs/${hello.digest}`, status),
        get(`r/blobs/${hello.digest}`, hello),
        head('r/manifests/v1', index),
      ],
      async (registry) => {
        await reads(registry, 'v1', index);
        expect(await failure(registry.getManifest('r', 'v1'))).toMatchObject({ status });
        expect(await failure(registry.resolveManifest('r', 'v1'))).toMatchObject({ status });
        expect(await failure(registry.getBlob('r', hello.digest))).toMatchObject({ status });
        await readsBlob(registry, hello);
        await reads(registry, 'v1', index);
      },
      // Not even where absence is remembered.
      { negativeLifetime: 60_000 },
    );
  },
);

test('what is not there is asked for each time [row 123]', async () => {
  const path = `r/blobs/${hello.digest}`;
  await during(
    memoryCache(),
    [no(`GET /v2/${path}`, 404), no(`HEAD /v2/${path}`, 404), get(path, hello)],
    async (registry) => {
      expect(await failure(registry.getBlob('r', hello.digest))).toMatchObject({ status: 404 });
      expect(await failure(registry.resolveBlob('r', hello.digest))).toMatchObject({ status: 404 });
      await readsBlob(registry, hello);
    },
  );
});

test('unless absence is to be remembered: for its lifetime, and until something is written', async () => {
  let now = 0;
  const path = `r/blobs/${hello.digest}`;
  const told = await during(
    memoryCache(),
    [
      no(`GET /v2/${path}`, 404),
      no(`GET /v2/${path}`, 404),
      { request: 'POST /v2/r/blobs/uploads/', answer: { status: 202, headers: { location: '/upload' } } },
      { request: `PUT /upload?digest=${hello.digest}`, answer: { status: 201 } },
    ],
    async (registry) => {
      const missing = async (): Promise<void> => {
        expect(await failure(registry.getBlob('r', hello.digest))).toMatchObject({ status: 404 });
        expect(await failure(registry.resolveBlob('r', hello.digest))).toMatchObject({ status: 404 });
      };
      await missing();
      now = 999;
      await missing();
      now = 1000;
      await missing();
      await registry.pushBlob('r', hello.descriptor, hello.bytes);
      await readsBlob(registry, hello);
    },
    { negativeLifetime: 1000, now: () => now },
  );
  expect(told.filter((line) => line.endsWith('miss'))).toHaveLength(2);
});

test('parts are cut from what is kept, and asked for where nothing is', async () => {
  const digits = blob('0123456789');
  const part = {
    request: `GET /v2/r/blobs/${digits.digest}`,
    headers: { range: 'bytes=2-4' },
    answer: { status: 206, headers: { 'content-range': 'bytes 2-4/10', 'content-length': '3' }, body: '234' },
  };
  await during(memoryCache(), [part, get(`r/blobs/${digits.digest}`, digits)], async (registry) => {
    for (const _ of [1, 2]) {
      const content = await registry.getBlob('r', digits.digest, { range: { start: 2, end: 5 } });
      expect(content).toMatchObject({ range: { start: 2, end: 5 }, descriptor: digits.descriptor });
      expect(await content.text()).toBe('234');
      await readsBlob(registry, digits);
    }
    const range = { start: 10 };
    expect(await failure(registry.getBlob('r', digits.digest, { range }))).toMatchObject({
      code: 'RANGE_INVALID',
    });
  });
});

test('a blob that is too large to be kept passes through, one request for each who reads it; its size is kept', async () => {
  const large = blob('more than ten bytes');
  const path = `r/blobs/${large.digest}`;
  await during(
    memoryCache(),
    [get(path, large), get(path, large), get(path, large)],
    async (registry) => {
      await Promise.all([readsBlob(registry, large), readsBlob(registry, large)]);
      expect(await registry.resolveBlob('r', large.digest)).toEqual(large.descriptor);
      await readsBlob(registry, large);
    },
    { contentLimit: 10 },
  );
});

test('what was measured counts for more than what a header says', async () => {
  const wrong = {
    ...head('r/manifests/v1', index),
    answer: { headers: { ...headersOf(index), 'content-length': '7' } },
  };
  await during(memoryCache(), [get('r/manifests/v1', index), wrong], async (registry) => {
    await reads(registry, 'v1', index);
    expect((await registry.resolveManifest('r', 'v1')).size).toBe(7);
    await reads(registry, index.digest, index);
  });
});

test('a document is not given out as what only a header says that it is', async () => {
  const path = `b/manifests/${image.digest}`;
  const wrong = { 'content-type': index.descriptor.mediaType };
  await during(
    memoryCache(),
    [
      get(`a/manifests/${image.digest}`, image),
      { request: `HEAD /v2/${path}`, answer: { headers: { ...headersOf(image), ...wrong } } },
      get(path, image),
    ],
    async (registry) => {
      await reads(registry, image.digest, image, 'a');
      await registry.resolveManifest('b', image.digest);
      await reads(registry, image.digest, image, 'b');
      await reads(registry, image.digest, image, 'b');
    },
  );
});

test('what was pushed is not asked for', async () => {
  const { mediaType } = image.descriptor;
  await during(
    memoryCache(),
    [
      { request: 'POST /v2/r/blobs/uploads/', answer: { status: 202, headers: { location: '/upload' } } },
      { request: `PUT /upload?digest=${hello.digest}`, answer: { status: 201 } },
      {
        request: 'PUT /v2/r/manifests/v1',
        answer: { status: 201, headers: { 'docker-content-digest': image.digest } },
      },
      head('r/manifests/v1', image),
      { request: `POST /v2/s/blobs/uploads/?mount=${hello.digest}&from=r`, answer: { status: 201 } },
    ],
    async (registry) => {
      await registry.pushBlob('r', hello.descriptor, hello.bytes);
      await readsBlob(registry, hello);
      await registry.pushManifest('r', image.bytes, { mediaType, tags: ['v1'] });
      await reads(registry, image.digest, image);
      await reads(registry, 'v1', image);
      expect(await registry.mountBlob('s', hello.digest, 'r')).toBe(true);
      await readsBlob(registry, hello, 's');
    },
  );
});

function manifestOf(name: string): Thing {
  return manifest({ config: hello.descriptor, layers: [], annotations: { name } });
}
