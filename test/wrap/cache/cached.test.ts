import { describe, expect, test } from 'vitest';
import { digestOf, mediaTypes } from '../../../src/oci/index.ts';
import {
  contentOf,
  intercept,
  type Next,
  type Operation,
  type Registry,
} from '../../../src/registry/index.ts';
import { memoryRegistry } from '../../../src/store/memory/index.ts';
import {
  cached,
  memoryCache,
  type CacheEvent,
  type CacheOptions,
  type CacheStore,
} from '../../../src/wrap/cache/index.ts';
import { all, config, failure, hello, image } from '../../client/talk.ts';
import { bytes, named } from '../../oci/words.ts';
import { stream } from '../../registry/streams.ts';

/** A registry with an image at `r:v1`, behind a cache. */
interface Scene {
  readonly registry: Registry;
  /** The registry itself. */
  readonly origin: Registry;
  /** What it was asked, in order. */
  readonly asked: readonly string[];
  /** What the cache told. */
  readonly told: readonly CacheEvent[];
  /** Holds the operations of a name back until what is returned is called. */
  hold(name: Operation['name']): () => void;
}

async function scene(store: CacheStore = memoryCache(), options: CacheOptions = {}): Promise<Scene> {
  const origin = memoryRegistry();
  for (const { descriptor, bytes: content } of [config, hello])
    await origin.pushBlob('r', descriptor, content);
  await origin.pushManifest('r', image.bytes, { mediaType: image.descriptor.mediaType, tags: ['v1'] });
  const asked: string[] = [];
  const told: CacheEvent[] = [];
  const held = new Map<string, Promise<void>>();
  const watched = intercept(origin, (operation, next: Next) => {
    asked.push(operation.name);
    const gate = held.get(operation.name);
    // It answers with what there was when it was asked, however late.
    const result = next(operation);
    if (gate === undefined || Symbol.asyncIterator in result) return result;
    // Nobody hears of a failure before the gate opens.
    result.catch(() => {});
    return (async () => {
      await gate;
      return result;
    })();
  });
  return {
    origin,
    asked,
    told,
    registry: cached(watched, store, { onEvent: (event) => told.push(event), ...options }),
    hold(name) {
      let open = (): void => {};
      held.set(name, new Promise((resolve) => (open = resolve)));
      return () => {
        held.delete(name);
        open();
      };
    },
  };
}

const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** A store some of whose methods fail, and which says which were called. */
function failing(
  store: CacheStore,
  ...broken: readonly (keyof CacheStore)[]
): CacheStore & { calls: string[] } {
  const calls: string[] = [];
  const handler: ProxyHandler<CacheStore> = {
    get: (target, name: keyof CacheStore | 'calls') => {
      if (name === 'calls') return calls;
      return (...args: never[]) => {
        calls.push(name);
        if (broken.includes(name)) return Promise.reject(new Error('the store is broken'));
        return (target[name] as (...given: never[]) => unknown)(...args);
      };
    },
  };
  return new Proxy(store, handler) as CacheStore & { calls: string[] };
}

test('which registry it was is told with what the cache had to do with it', async () => {
  const { registry, told } = await scene(memoryCache(), { namespace: 'registry.test' });
  await registry.resolveManifest('r', 'v1');
  expect(told).toEqual([
    {
      type: 'cache',
      outcome: 'miss',
      namespace: 'registry.test',
      operation: 'resolveManifest',
      repository: 'r',
      reference: 'v1',
    },
  ]);
});

describe('a store that fails', () => {
  test.each(['descriptor', 'content', 'tag'] as const)(
    'to read (%s): the registry is asked, nothing is written, and it is told [row 121]',
    async (broken) => {
      const inner = memoryCache();
      await (await (await scene(inner)).registry.getManifest('r', 'v1')).cancel();
      const store = failing(inner, broken);
      const { registry, told, asked } = await scene(store);
      expect(await (await registry.getManifest('r', 'v1')).text()).toBe(String(image.bytes));
      expect(asked).toEqual(['getManifest']);
      expect(store.calls.filter((name) => name.startsWith('set'))).toEqual([]);
      expect(told.filter(({ outcome }) => outcome === 'error')).toMatchObject([
        { operation: 'getManifest', repository: 'r', reference: 'v1', reason: 'the store is broken' },
      ]);
    },
  );

  test('to say whether something is being deleted: nothing is written either [row 121]', async () => {
    const store = failing(memoryCache(), 'epoch');
    const { registry, told } = await scene(store);
    expect(await (await registry.getBlob('r', hello.digest)).text()).toBe('hello');
    expect(store.calls.filter((name) => name.startsWith('set'))).toEqual([]);
    expect(told.map(({ outcome }) => outcome)).toEqual(['miss', 'error']);
  });

  test('to write: what was read is given all the same, and it is told [row 122]', async () => {
    for (const broken of ['setDescriptor', 'setContent', 'setTag'] as const) {
      const { registry, told } = await scene(failing(memoryCache(), broken));
      expect(await (await registry.getManifest('r', 'v1')).text()).toBe(String(image.bytes));
      expect(await registry.resolveBlob('r', hello.digest)).toEqual(hello.descriptor);
      expect(told.map(({ outcome }) => outcome)).toContain('error');
      await registry.pushBlob('r', hello.descriptor, hello.bytes);
    }
  });

  test('to clear: the registry deletes, and who asked is told that the cache may still have it', async () => {
    const { registry, origin, told } = await scene(failing(memoryCache(), 'clearDescriptor', 'clearTag'));
    expect(await failure(registry.deleteManifest('r', 'v1'))).toMatchObject({
      code: 'UNAVAILABLE',
      reference: 'v1',
      message: expect.stringMatching(/^v1 was deleted from r, but the cache could not be told/) as string,
    });
    expect(await all(origin.tags('r'))).toEqual([]);
    expect(await failure(registry.deleteBlob('r', hello.digest))).toMatchObject({ code: 'UNAVAILABLE' });
    expect(await failure(origin.resolveBlob('r', hello.digest))).toMatchObject({ code: 'BLOB_UNKNOWN' });
    expect(told.every(({ outcome }) => outcome === 'error')).toBe(true);
    // What the registry refuses is its own to tell.
    expect(await failure(registry.deleteBlob('r', hello.digest))).toMatchObject({ code: 'BLOB_UNKNOWN' });
  });
});

test('what went bad in the store is not given out: it is removed, told, and read anew', async () => {
  const inner = memoryCache();
  const bad = new Set<string>();
  const store: CacheStore = {
    ...inner,
    content: async (namespace, digest, size) => {
      const content = await inner.content(namespace, digest, size);
      return bad.has(digest) ? content && new Uint8Array(content.length) : content;
    },
    clearContent: async (namespace, digest) => {
      bad.delete(digest);
      await inner.clearContent(namespace, digest);
    },
  };
  const { registry, asked, told } = await scene(store);
  const read = async (): Promise<string> => (await registry.getBlob('r', hello.digest)).text();
  await read();
  bad.add(hello.digest);
  expect(await read()).toBe('hello');
  expect(await read()).toBe('hello');
  expect(asked).toEqual(['getBlob', 'getBlob']);
  expect(told.map(({ outcome }) => outcome)).toEqual(['miss', 'corrupt', 'miss', 'hit']);
});

describe('those who read the same at the same time', () => {
  test('each have a content of their own', async () => {
    const { registry } = await scene();
    const [one, two] = await Promise.all([1, 2].map(() => registry.getBlob('r', hello.digest)));
    await one?.cancel();
    expect(await two?.text()).toBe('hello');
  });

  test('do not end each other: one leaves, the other gets what both asked for', async () => {
    for (const read of [
      (r: Registry, signal: AbortSignal) => r.getBlob('r', hello.digest, { signal }),
      (r: Registry, signal: AbortSignal) => r.getManifest('r', 'v1', { signal }),
    ]) {
      const { registry, hold, asked } = await scene();
      const [open, close] = [hold('getBlob'), hold('getManifest')];
      const [first, second] = [new AbortController(), new AbortController()];
      const leaving = read(registry, first.signal);
      const staying = read(registry, second.signal);
      await soon();
      first.abort(new Error('enough'));
      await expect(leaving).rejects.toThrow('enough');
      open();
      close();
      expect((await (await staying).bytes()).length).toBeGreaterThan(0);
      expect(asked).toHaveLength(1);
    }
  });

  test('do end the request when all have left', async () => {
    let ended: AbortSignal | undefined;
    const origin = intercept(memoryRegistry(), (operation, next) => {
      if (operation.name !== 'getBlob') return next(operation);
      ended = operation.options.signal;
      return new Promise<never>(() => {});
    });
    const registry = cached(origin, memoryCache());
    const leaving = [1, 2].map(() => {
      const signal = AbortSignal.timeout(10);
      return expect(registry.getBlob('r', hello.digest, { signal })).rejects.toThrow('timeout');
    });
    await Promise.all(leaving);
    expect(ended?.aborted).toBe(true);
  });
});

describe('a blob that passes through', () => {
  /** A registry with one large blob, whose stream ends with its signal. */
  function large(): { readonly registry: Registry; readonly signals: AbortSignal[] } {
    const signals: AbortSignal[] = [];
    const origin = intercept(memoryRegistry(), (operation, next) => {
      if (operation.name !== 'getBlob') return next(operation);
      const { signal } = operation.options;
      if (signal) signals.push(signal);
      const pieces = async function* (): AsyncGenerator<Uint8Array> {
        for (const letter of 'abcdef') {
          signal?.throwIfAborted();
          yield bytes(letter);
        }
      };
      const descriptor = { mediaType: mediaTypes.octetStream, digest: named('abcdef'), size: 6 };
      return Promise.resolve(contentOf(pieces(), { descriptor }));
    });
    return { registry: cached(origin, memoryCache(), { contentLimit: 3 }), signals };
  }

  test('ends with the signal of who reads it', async () => {
    const { registry, signals } = large();
    const stopping = new AbortController();
    const read: string[] = [];
    const content = await registry.getBlob('r', named('abcdef'), { signal: stopping.signal });
    const reading = (async () => {
      for await (const piece of content) {
        read.push(new TextDecoder().decode(piece));
        if (read.length === 2) stopping.abort(new Error('enough'));
      }
    })();
    await expect(reading).rejects.toThrow('enough');
    expect(read).toEqual(['a', 'b']);
    expect(signals[0]?.aborted).toBe(true);
  });

  test('and once it was read, that signal is nothing to it', async () => {
    const { registry, signals } = large();
    for (const read of [
      async (r: Registry, signal: AbortSignal) => (await r.getBlob('r', named('abcdef'), { signal })).bytes(),
      async (r: Registry, signal: AbortSignal) =>
        (await r.getBlob('s', named('abcdef'), { signal })).cancel(),
    ]) {
      const stopping = new AbortController();
      await read(registry, stopping.signal);
      stopping.abort();
      expect(signals.at(-1)?.aborted).toBe(false);
    }
  });

  test('is verified like any other, and a wrong one is not remembered as good', async () => {
    const digest = named('abcdef');
    const origin = intercept(memoryRegistry(), (operation, next) =>
      operation.name === 'getBlob'
        ? Promise.resolve(
            contentOf(stream('abcdeX'), {
              descriptor: { mediaType: mediaTypes.octetStream, digest, size: 6 },
            }),
          )
        : next(operation),
    );
    const registry = cached(origin, memoryCache(), { contentLimit: 3 });
    expect(await failure((await registry.getBlob('r', digest)).bytes())).toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });
});

describe('what is deleted', () => {
  test('is not given any more, though a read of it was under way', async () => {
    const { registry, hold } = await scene();
    for (const [read, remove] of [
      [() => registry.getBlob('r', hello.digest), () => registry.deleteBlob('r', hello.digest)],
      [() => registry.getManifest('r', 'v1'), () => registry.deleteManifest('r', image.digest)],
    ] as const) {
      const names = ['getBlob', 'getManifest'] as const;
      const release = names.map(hold);
      const before = read();
      await soon();
      // The registry has answered that read already; it has not arrived yet.
      await remove();
      const after = failure(read());
      await soon();
      for (const open of release) open();
      await (await before).bytes();
      expect(await after).toMatchObject({ status: 404 });
      expect(await failure(read())).toMatchObject({ status: 404 });
    }
    expect(await failure(registry.getManifest('r', image.digest))).toMatchObject({ status: 404 });
  });

  test('through one cache is gone for all who share the store', async () => {
    const store = memoryCache();
    const one = await scene(store);
    const two = await scene(store);
    await (await one.registry.getBlob('r', hello.digest)).bytes();
    await (await two.registry.getBlob('r', hello.digest)).bytes();
    expect(two.asked).toEqual([]);
    // Another process begins a read of a tag before the delete, and ends it after.
    const open = two.hold('getManifest');
    const reading = two.registry.getManifest('r', 'v1');
    await soon();
    await one.registry.deleteBlob('r', hello.digest);
    await one.registry.deleteManifest('r', image.digest);
    open();
    await (await reading).bytes();
    for (const { digest, get } of [
      {
        digest: hello.digest,
        get: () => store.descriptor({ namespace: '', repository: 'r' }, 'blobs', hello.digest),
      },
      {
        digest: image.digest,
        get: () => store.descriptor({ namespace: '', repository: 'r' }, 'manifests', image.digest),
      },
    ])
      expect(await get(), digest).toBeUndefined();
  });
});

test('who has written reads what was written, also when others were reading before', async () => {
  const { registry, hold } = await scene();
  const open = hold('getManifest');
  const before = registry.getManifest('r', 'v1');
  await soon();
  const other = bytes(new TextDecoder().decode(image.bytes).replace('{', '{ '));
  await registry.pushManifest('r', other, { mediaType: image.descriptor.mediaType, tags: ['v1'] });
  open();
  expect(await (await registry.getManifest('r', 'v1')).bytes()).toEqual(other);
  await (await before).bytes();
});

test('what was pushed as a blob is never given as a manifest', async () => {
  const { registry } = await scene();
  const other = bytes(new TextDecoder().decode(image.bytes).replace('{', '{  '));
  const descriptor = { digest: digestOf(other), size: other.length };
  await registry.pushBlob('r', descriptor, other);
  expect(await failure(registry.getManifest('r', descriptor.digest))).toMatchObject({
    code: 'MANIFEST_UNKNOWN',
  });
  await registry.pushManifest('r', other, { mediaType: image.descriptor.mediaType });
  expect((await registry.resolveManifest('r', descriptor.digest)).mediaType).toBe(image.descriptor.mediaType);
  expect((await registry.resolveBlob('r', descriptor.digest)).mediaType).toBe(mediaTypes.octetStream);
});

test('a size that nobody checked is not believed: that of a push which was a mount', async () => {
  const origin = intercept(memoryRegistry(), (operation, next) =>
    operation.name === 'pushBlob' ? Promise.resolve({ ...hello.descriptor, size: 99 }) : next(operation),
  );
  const store = memoryCache();
  const source = async function* (): AsyncGenerator<Uint8Array> {};
  await cached(origin, store).pushBlob('r', { ...hello.descriptor, size: 99 }, source, { mountFrom: 's' });
  expect(await store.descriptor({ namespace: '', repository: 'r' }, 'blobs', hello.digest)).toBeUndefined();
});

test('bytes that nobody looked at are not kept: those of a push which was a mount', async () => {
  const origin = intercept(memoryRegistry(), (operation, next) =>
    operation.name === 'pushBlob' ? Promise.resolve(hello.descriptor) : next(operation),
  );
  const store = memoryCache();
  await cached(origin, store).pushBlob('r', hello.descriptor, bytes('hellO'), { mountFrom: 's' });
  expect(await store.content('', hello.digest, hello.bytes.length)).toBeUndefined();
});

test('lists are always asked for', async () => {
  const { registry, asked } = await scene();
  for (let time = 0; time < 2; time++) {
    expect(await all(registry.tags('r'))).toEqual(['v1']);
    expect(await all(registry.repositories())).toEqual(['r']);
    expect(await all(registry.referrers('r', image.digest))).toEqual([]);
  }
  expect(asked).toHaveLength(6);
});

test('names that are none are refused before anything is asked', async () => {
  const store = failing(memoryCache());
  const { registry, asked } = await scene(store);
  expect(await failure(registry.getManifest('../x', 'v1'))).toMatchObject({ code: 'NAME_INVALID' });
  expect(await failure(registry.getManifest('r', '../v1'))).toMatchObject({ code: 'TAG_INVALID' });
  expect(await failure(registry.resolveBlob('r', 'sha256:x' as never))).toMatchObject({
    code: 'DIGEST_INVALID',
  });
  expect([...asked, ...store.calls]).toEqual([]);
});
