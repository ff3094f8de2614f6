import { describe, expect, test } from 'vitest';
import { mediaTypes, type Digest } from '../../../src/oci/index.ts';
import {
  contentOf,
  errorCode,
  intercept,
  RegistryError,
  type Operation,
  type Registry,
} from '../../../src/registry/index.ts';
import { memoryRegistry } from '../../../src/store/memory/index.ts';
import { mirrored, type Fallback, type Mirror, type MirrorEvent } from '../../../src/wrap/mirror/index.ts';
import { bytes, described } from '../../oci/words.ts';

const hello = described('hello');
const image = described(
  JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: hello, layers: [hello] }),
  { mediaType: mediaTypes.ociManifest },
);
const imageBytes = bytes(
  JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: hello, layers: [hello] }),
);

/** A registry that has the image, by itself and by its tag. */
async function full(repository = 'r'): Promise<Registry> {
  const registry = memoryRegistry();
  await registry.pushBlob(repository, hello, bytes('hello'));
  await registry.pushManifest(repository, imageBytes, { mediaType: image.mediaType, tags: ['v1'] });
  return registry;
}

/** A registry that fails with this, whatever it is asked. */
function failing(error: Error): Registry {
  return intercept(memoryRegistry(), (operation) =>
    operation.name === 'tags' || operation.name === 'referrers' || operation.name === 'repositories'
      ? // oxlint-disable-next-line require-yield
        (async function* () {
          throw error;
        })()
      : Promise.reject(error),
  );
}

const notFound = new RegistryError('MANIFEST_UNKNOWN', 'not found', { status: 404 });
const denied = new RegistryError('UNAUTHORIZED', 'who are you', { status: 401 });
const forbidden = new RegistryError('DENIED', 'not you', { status: 403 });
const broken = new RegistryError('UNAVAILABLE', 'the connection broke');
const ill = new RegistryError('UNKNOWN', 'out of order', { status: 502 });
const busy = new RegistryError('TOOMANYREQUESTS', 'slower', { status: 429 });
const wrong = new RegistryError('DIGEST_MISMATCH', 'expected a, got b');

interface Scene {
  readonly registry: Registry;
  /** Who was asked, in order: `a getBlob`. */
  readonly asked: string[];
  readonly events: MirrorEvent[];
  /** Lets time go by, in milliseconds. */
  pass(time: number): void;
}

/** Mirrors with names from `a` on, before a registry called `upstream`. */
function scene(
  mirrors: readonly (Omit<Mirror, 'name' | 'fallback'> & { readonly fallback?: Fallback })[],
  upstream: Registry,
): Scene {
  const asked: string[] = [];
  const events: MirrorEvent[] = [];
  const noted = (name: string, registry: Registry): Registry =>
    intercept(registry, (operation, next) => {
      asked.push(`${name} ${operation.name}`);
      return next(operation);
    });
  let time = 0;
  const named = mirrors.map(({ fallback = 'missing', registry, ...more }, at) => {
    const name = String.fromCharCode(97 + at);
    return { ...more, name, registry: noted(name, registry), fallback };
  });
  const registry = mirrored(noted('upstream', upstream), named, {
    onEvent: (event) => events.push(event),
    now: () => time,
  });
  return { registry, asked, events, pass: (more) => void (time += more) };
}

async function all<T>(list: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}

/** Every read, with what it gives of the image. */
const READS: Readonly<Record<string, readonly [(registry: Registry) => Promise<unknown>, unknown]>> = {
  getBlob: [async (r) => (await r.getBlob('r', hello.digest)).text(), 'hello'],
  getManifest: [async (r) => (await r.getManifest('r', 'v1')).descriptor, image],
  resolveBlob: [(r) => r.resolveBlob('r', hello.digest), { ...hello, mediaType: mediaTypes.octetStream }],
  resolveManifest: [(r) => r.resolveManifest('r', 'v1'), image],
  repositories: [(r) => all(r.repositories()), ['r']],
  tags: [(r) => all(r.tags('r')), ['v1']],
};

describe.each(Object.entries(READS))('%s', (name, [read, given]) => {
  test('by the first mirror, and nobody else', async () => {
    const { registry, asked, events } = scene(
      [{ registry: await full() }, { registry: await full() }],
      await full(),
    );
    expect(await read(registry)).toEqual(given);
    expect(asked).toEqual([`a ${name}`]);
    expect(events).toMatchObject([{ type: 'mirror', mirror: 'a', operation: name, outcome: 'served' }]);
  });

  test('by the next one, in order, and by the registry itself in the end', async () => {
    const { registry, asked, events } = scene(
      [{ registry: failing(notFound) }, { registry: failing(denied) }],
      await full(),
    );
    expect(await read(registry)).toEqual(given);
    expect(asked).toEqual([`a ${name}`, `b ${name}`, `upstream ${name}`]);
    expect(events).toMatchObject([
      { mirror: 'a', outcome: 'missing', reason: 'not found' },
      { mirror: 'b', outcome: 'denied', reason: 'who are you' },
    ]);
  });

  test("when nobody has it, the error is the registry's own", async () => {
    const last = new RegistryError('NAME_UNKNOWN', 'nobody has it');
    const { registry } = scene([{ registry: failing(notFound) }], failing(last));
    await expect(read(registry)).rejects.toBe(last);
  });
});

describe('which failures go on', () => {
  test.each<[Fallback, Readonly<Record<string, RegistryError>>, Readonly<Record<string, RegistryError>>]>([
    ['missing', { notFound, denied, forbidden, broken, ill, busy, wrong }, {}],
    ['unavailable', { denied, forbidden, broken, ill, busy, wrong }, { notFound }],
    ['never', { wrong }, { notFound, denied, forbidden, broken, ill, busy }],
  ])('%s [row 139]', async (fallback, going, final) => {
    for (const [name, error] of Object.entries(going)) {
      const { registry } = scene([{ registry: failing(error), fallback }], await full());
      expect(await registry.resolveManifest('r', 'v1'), name).toEqual(image);
    }
    for (const [name, error] of Object.entries(final)) {
      const { registry, asked } = scene([{ registry: failing(error), fallback }], await full());
      await expect(registry.resolveManifest('r', 'v1'), name).rejects.toBe(error);
      expect(asked).toEqual(['a resolveManifest']);
    }
  });

  test.each([
    ['what the caller got wrong', new RegistryError('TAG_INVALID', 'no tag')],
    ['what is wrong with our own settings', new RegistryError('CREDENTIALS_INVALID', 'no such helper')],
    ['a fault of the program', new TypeError('undefined is not a function')],
  ])('%s ends it', async (_, error) => {
    const { registry, asked } = scene([{ registry: failing(error) }], await full());
    await expect(registry.resolveManifest('r', 'v1')).rejects.toBe(error);
    expect(asked).toEqual(['a resolveManifest']);
  });

  test('the caller has had enough: nobody else is asked', async () => {
    const stop = new AbortController();
    const mirror = intercept(await full(), () => {
      stop.abort(new Error('enough'));
      return Promise.reject(broken);
    });
    const { registry, asked, events } = scene([{ registry: mirror }], await full());
    const { signal } = stop;
    await expect(registry.resolveManifest('r', 'v1', { signal })).rejects.toBe(broken);
    expect(asked).toEqual(['a resolveManifest']);
    expect(events).toEqual([]);
  });
});

describe('a mirror that is not available', () => {
  test('is left alone for 30 seconds, and asked again then', async () => {
    const { registry, asked, pass } = scene([{ registry: failing(broken) }], await full());
    for (const time of [0, 20_000, 9_999, 1]) {
      pass(time);
      await registry.resolveManifest('r', 'v1');
    }
    expect(asked).toEqual([
      'a resolveManifest',
      'upstream resolveManifest',
      'upstream resolveManifest',
      'upstream resolveManifest',
      'a resolveManifest',
      'upstream resolveManifest',
    ]);
  });

  test('for longer, if it asked for that', async () => {
    const later = new RegistryError('TOOMANYREQUESTS', 'slower', { status: 429, retryAfter: 60 });
    const { registry, asked, pass } = scene([{ registry: failing(later) }], await full());
    for (const time of [0, 59_999, 1]) {
      pass(time);
      await registry.resolveBlob('r', hello.digest);
    }
    expect(asked.filter((line) => line.startsWith('a'))).toHaveLength(2);
  });

  test('is asked each time, where nobody stands in for it', async () => {
    const { registry, asked } = scene([{ registry: failing(broken), fallback: 'never' }], await full());
    await expect(registry.resolveManifest('r', 'v1')).rejects.toBe(broken);
    await expect(registry.resolveManifest('r', 'v1')).rejects.toBe(broken);
    expect(asked).toEqual(['a resolveManifest', 'a resolveManifest']);
  });

  test('what it does not have is no illness', async () => {
    const { registry, asked } = scene([{ registry: failing(notFound) }], await full());
    await registry.resolveManifest('r', 'v1');
    await registry.resolveManifest('r', 'v1');
    expect(asked.filter((line) => line.startsWith('a'))).toHaveLength(2);
  });
});

/** A registry whose blobs come in these pieces, and then as it ends: with an error, or well. */
function streaming(pieces: readonly string[], error?: Error): Registry {
  return intercept(memoryRegistry(), (operation, next) => {
    if (operation.name !== 'getBlob') return next(operation);
    const stream = (async function* () {
      for (const piece of pieces) yield bytes(piece);
      if (error !== undefined) throw error;
    })();
    return Promise.resolve(contentOf(stream, { descriptor: described(whole) }));
  });
}

/** Longer than what is held back. */
const whole = 'x'.repeat(1_500_000) + 'y'.repeat(500_000);
const long = described(whole);

describe('[A40] content of a mirror', () => {
  async function withLong(): Promise<Registry> {
    const registry = memoryRegistry();
    await registry.pushBlob('r', long, bytes(whole));
    return registry;
  }

  test('a manifest that is not what its digest says is never seen, and comes from the next one', async () => {
    const forged = intercept(await full(), (operation, next) => {
      if (operation.name !== 'getManifest') return next(operation);
      const stream = (async function* () {
        yield bytes('x'.repeat(image.size));
      })();
      return Promise.resolve(contentOf(stream, { descriptor: image }));
    });
    const { registry, asked, events } = scene([{ registry: forged, fallback: 'never' }], await full());
    expect(await (await registry.getManifest('r', image.digest)).bytes()).toEqual(imageBytes);
    expect(events).toMatchObject([{ mirror: 'a', outcome: 'wrong', reference: image.digest }]);
    // It is not asked for that one again.
    expect(await (await registry.getManifest('r', image.digest)).bytes()).toEqual(imageBytes);
    expect(asked).toEqual(['a getManifest', 'upstream getManifest', 'upstream getManifest']);
  });

  test('a small blob that is wrong is never seen either', async () => {
    const forged = memoryRegistry();
    const lie = intercept(forged, (operation, next) => {
      if (operation.name !== 'getBlob') return next(operation);
      const stream = (async function* () {
        yield bytes('hel');
        yield bytes('l0');
      })();
      return Promise.resolve(contentOf(stream, { descriptor: hello }));
    });
    const { registry, events } = scene([{ registry: lie }], await full());
    const seen: string[] = [];
    for await (const chunk of await registry.getBlob('r', hello.digest))
      seen.push(Buffer.from(chunk).toString());
    expect(seen).toEqual(['hello']);
    expect(events.map(({ outcome }) => outcome)).toEqual(['wrong']);
  });

  test('a long one that turns out to be wrong fails, and comes from elsewhere the next time', async () => {
    const lie = streaming([whole.slice(0, 1_900_000), 'z'.repeat(100_000)]);
    const { registry, events, asked } = scene([{ registry: lie }], await withLong());
    const read = async (): Promise<string> => (await registry.getBlob('r', long.digest)).text();
    expect(errorCode(await read().catch((error: unknown) => error))).toBe('DIGEST_MISMATCH');
    expect(events.map(({ outcome }) => outcome)).toEqual(['served', 'wrong']);
    expect(await read()).toBe(whole);
    expect(asked).toEqual(['a getBlob', 'upstream getBlob']);
  });

  test('a blob of which a mirror gives a part is gone on with by the next one', async () => {
    const first = streaming([whole.slice(0, 600_000), whole.slice(600_000, 1_200_000)], broken);
    const ranges: unknown[] = [];
    const upstream = intercept(await withLong(), (operation, next) => {
      if (operation.name === 'getBlob') ranges.push(operation.options.range);
      return next(operation);
    });
    const { registry, events } = scene([{ registry: first }], upstream);
    expect(await (await registry.getBlob('r', long.digest)).text()).toBe(whole);
    const [{ start }] = ranges as [{ start: number }];
    expect(ranges).toEqual([{ start, end: long.size }]);
    expect(start).toBeGreaterThan(0);
    expect(events.map(({ outcome }) => outcome)).toEqual(['served', 'unavailable']);
  });

  test('so is a part that was asked for', async () => {
    const cut = intercept(await withLong(), (operation, next) => {
      if (operation.name !== 'getBlob') return next(operation);
      const stream = (async function* () {
        yield bytes(whole.slice(1000, 1_300_000));
        throw broken;
      })();
      const range = { start: 1000, end: 1_800_000 };
      return Promise.resolve(contentOf(stream, { descriptor: long, range }));
    });
    const { registry } = scene([{ registry: cut }], await withLong());
    const content = await registry.getBlob('r', long.digest, { range: { start: 1000, end: 1_800_000 } });
    expect(content.range).toEqual({ start: 1000, end: 1_800_000 });
    expect(await content.text()).toBe(whole.slice(1000, 1_800_000));
  });

  test('parts of two that do not fit together are refused', async () => {
    const lie = streaming(['z'.repeat(600_000), 'z'.repeat(600_000)], broken);
    const { registry } = scene([{ registry: lie }], await withLong());
    const read = (await registry.getBlob('r', long.digest)).text();
    expect(errorCode(await read.catch((error: unknown) => error))).toBe('DIGEST_MISMATCH');
  });

  test('content that nobody reads is let go', async () => {
    let released = 0;
    const mirror = intercept(memoryRegistry(), () =>
      Promise.resolve(
        contentOf(
          (async function* () {
            yield bytes('x');
          })(),
          { descriptor: long, release: async () => void released++ },
        ),
      ),
    );
    const { registry } = scene([{ registry: mirror }], await withLong());
    await (await registry.getBlob('r', long.digest)).cancel();
    expect(released).toBe(1);
  });
});

describe('lists', () => {
  test('go on to the next one before their first item alone', async () => {
    const half = intercept(memoryRegistry(), () =>
      (async function* () {
        yield 'v0';
        throw broken;
      })(),
    );
    const { registry, asked } = scene([{ registry: half }], await full());
    const seen: string[] = [];
    const read = async (): Promise<void> => {
      for await (const tag of registry.tags('r')) seen.push(tag);
    };
    await expect(read()).rejects.toBe(broken);
    expect(seen).toEqual(['v0']);
    expect(asked).toEqual(['a tags']);
  });

  test('ask for nothing before they are read, and for no more when they are left', async () => {
    const { registry, asked } = scene([{ registry: await full() }], await full());
    const list = registry.tags('r');
    expect(asked).toEqual([]);
    for await (const _ of list) break;
    expect(asked).toEqual(['a tags']);
  });

  test.each<[Fallback, readonly string[]]>([
    ['missing', ['v1']],
    ['unavailable', []],
    ['never', []],
  ])('an empty one, with %s', async (fallback, tags) => {
    const empty = memoryRegistry();
    await empty.pushBlob('r', hello, bytes('hello'));
    const { registry } = scene([{ registry: empty, fallback }], await full());
    expect(await all(registry.tags('r'))).toEqual(tags);
  });

  test('signatures that a mirror does not have are looked for where the image comes from', async () => {
    const signature = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType: 'application/vnd.test.signature',
      config: hello,
      layers: [],
      subject: image,
    };
    const upstream = await full();
    await upstream.pushManifest('r', bytes(JSON.stringify(signature)), { mediaType: mediaTypes.ociManifest });
    const read = async (fallback: Fallback): Promise<number> => {
      const { registry } = scene([{ registry: await full(), fallback }], upstream);
      return (await all(registry.referrers('r', image.digest))).length;
    };
    expect([await read('missing'), await read('unavailable'), await read('never')]).toEqual([1, 0, 0]);
  });
});

test('writes go to the registry itself, and to no mirror', async () => {
  const { registry, asked } = scene([{ registry: memoryRegistry() }], memoryRegistry());
  await registry.pushBlob('r', hello, bytes('hello'));
  await (await registry.startUpload('r')).cancel();
  await registry.mountBlob('r', hello.digest, 'q');
  await registry.pushManifest('r', imageBytes, { mediaType: image.mediaType, tags: ['v1'] });
  await registry.deleteManifest('r', 'v1');
  await registry.deleteBlob('r', hello.digest);
  const names: readonly Operation['name'][] = [
    'pushBlob',
    'startUpload',
    'mountBlob',
    'pushManifest',
    'deleteManifest',
    'deleteBlob',
  ];
  expect(asked).toEqual(names.map((name) => `upstream ${name}`));
});

test('a mirror that keeps its copies under a prefix', async () => {
  const { registry, asked } = scene(
    [{ registry: await full('hub/r'), repositoryPrefix: 'hub' }],
    await full('other'),
  );
  for (const name of ['getBlob', 'getManifest', 'resolveBlob', 'resolveManifest', 'tags'] as const) {
    const [read, given] = READS[name] ?? [];
    expect(await read?.(registry), name).toEqual(given);
  }
  expect(asked.every((line) => line.startsWith('a '))).toBe(true);
  // Its list of repositories is not ours.
  expect(await all(registry.repositories())).toEqual(['other']);
});

test('malformed names are refused as by the registry itself', async () => {
  const { registry } = scene([{ registry: memoryRegistry() }], memoryRegistry());
  const read = registry.getBlob('r', 'sha256:short' as Digest);
  expect(errorCode(await read.catch((error: unknown) => error))).toBe('DIGEST_INVALID');
});
