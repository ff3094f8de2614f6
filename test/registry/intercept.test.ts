import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Descriptor } from '../../src/oci/index.ts';
import {
  intercept,
  isList,
  lazyRegistry,
  perform,
  registryOf,
  RegistryError,
  type Content,
  type Next,
  type Operation,
  type PushedManifest,
  type Registry,
  type ResultOf,
  type Upload,
} from '../../src/registry/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { bytes, named } from '../oci/words.ts';
import { failure } from './streams.ts';

const digest = named('a');
const descriptor = { digest, size: 1 };
const source = bytes('a');
const signal = new AbortController().signal;
const pushing = { mediaType: 'application/vnd.example+json', tags: ['v1'] };

/** Each operation, as a call and as the value that it becomes. */
const CALLS: {
  readonly [N in Operation['name']]: readonly [call: (registry: Registry) => unknown, operation: object];
} = {
  getBlob: [
    (r) => r.getBlob('a', digest, { range: { start: 1 } }),
    { repository: 'a', digest, options: { range: { start: 1 } } },
  ],
  getManifest: [
    (r) => r.getManifest('a', 'v1', { signal }),
    { repository: 'a', reference: 'v1', options: { signal } },
  ],
  resolveBlob: [
    (r) => r.resolveBlob('a', digest, { signal }),
    { repository: 'a', digest, options: { signal } },
  ],
  resolveManifest: [
    (r) => r.resolveManifest('a', 'v1', { signal }),
    { repository: 'a', reference: 'v1', options: { signal } },
  ],
  pushBlob: [
    (r) => r.pushBlob('a', descriptor, source, { mountFrom: 'b' }),
    { repository: 'a', descriptor, source, options: { mountFrom: 'b' } },
  ],
  startUpload: [(r) => r.startUpload('a', { resume: 'x' }), { repository: 'a', options: { resume: 'x' } }],
  mountBlob: [
    (r) => r.mountBlob('a', digest, 'b', { signal }),
    { repository: 'a', digest, from: 'b', options: { signal } },
  ],
  pushManifest: [
    (r) => r.pushManifest('a', source, pushing),
    { repository: 'a', bytes: source, options: pushing },
  ],
  deleteBlob: [
    (r) => r.deleteBlob('a', digest, { signal }),
    { repository: 'a', digest, options: { signal } },
  ],
  deleteManifest: [
    (r) => r.deleteManifest('a', 'v1', { signal }),
    { repository: 'a', reference: 'v1', options: { signal } },
  ],
  repositories: [(r) => r.repositories({ after: 'a' }), { options: { after: 'a' } }],
  tags: [(r) => r.tags('a', { after: 'v1' }), { repository: 'a', options: { after: 'v1' } }],
  referrers: [
    (r) => r.referrers('a', digest, { artifactType: 'x/y' }),
    { repository: 'a', digest, options: { artifactType: 'x/y' } },
  ],
};

/** A registry that gives back how it was called. */
const mirror = new Proxy({} as Registry, {
  get:
    (_, name) =>
    (...parameters: readonly unknown[]) => ({ name, parameters }),
});

describe.each(Object.entries(CALLS))('%s', (name, [call, operation]) => {
  test('comes as a value', () => {
    const seen: Operation[] = [];
    const registry = intercept(mirror, (it, next) => {
      seen.push(it);
      return next(it);
    });
    call(registry);
    expect(seen).toEqual([{ name, ...operation }]);
  });

  test('reaches the registry as it was called', () => {
    expect(call(intercept(mirror, (it, next) => next(it)))).toEqual(call(mirror));
  });

  test('is what a registry that is one function is asked', () => {
    const seen: Operation[] = [];
    call(
      registryOf((it) => {
        seen.push(it);
        return perform(mirror, it);
      }),
    );
    expect(seen).toEqual([{ name, ...operation }]);
  });

  test('is a list, or is none', () => {
    const given = call(memoryRegistry()) as object;
    expect(isList({ name, ...operation } as Operation)).toBe(Symbol.asyncIterator in given);
    if (given instanceof Promise) given.catch(() => undefined);
  });

  test('reaches the registry as it was changed', () => {
    const registry = intercept(mirror, (it, next) =>
      next('repository' in it ? { ...it, repository: 'changed' } : it),
    );
    const { parameters } = call(registry) as { parameters: readonly unknown[] };
    expect(parameters[0]).toEqual(name === 'repositories' ? { after: 'a' } : 'changed');
  });

  test('can be answered without the registry', () => {
    const answer = {};
    const registry = intercept(mirror, (() => answer) as unknown as Parameters<typeof intercept>[1]);
    expect(call(registry)).toBe(answer);
  });
});

test('there is no operation that does not go through', () => {
  expect(Object.keys(intercept(mirror, (it, next) => next(it))).sort()).toEqual(Object.keys(CALLS).sort());
  expect(Object.keys(memoryRegistry()).sort()).toEqual(Object.keys(CALLS).sort());
});

test('options that were left away come as none', async () => {
  const seen: Operation[] = [];
  const registry = intercept(memoryRegistry(), (it, next) => {
    seen.push(it);
    return next(it);
  });
  await registry.pushBlob('a', descriptor, source);
  await registry.mountBlob('b', digest);
  expect(seen.map(({ options }) => options)).toEqual([{}, {}]);
  expect(await registry.resolveBlob('b', digest)).toMatchObject(descriptor);
});

test('a wrapper may move everything into another repository', async () => {
  const inner = memoryRegistry();
  const moved = intercept(inner, (it, next) =>
    next('repository' in it ? { ...it, repository: `mirror/${it.repository}` } : it),
  );
  await moved.pushBlob('a', descriptor, source);
  expect(await (await inner.getBlob('mirror/a', digest)).text()).toBe('a');
  expect(await (await moved.getBlob('a', digest)).text()).toBe('a');
});

test('a wrapper may refuse', async () => {
  const readonly = intercept(memoryRegistry(), (it, next) => {
    if (it.name === 'pushBlob') throw new RegistryError('DENIED', 'this registry is for reading');
    return next(it);
  });
  const push = async (): Promise<unknown> => readonly.pushBlob('a', descriptor, source);
  expect(await failure(push())).toMatchObject({ code: 'DENIED' });
});

test('a registry is made when it is first asked for something, and once', async () => {
  let made = 0;
  const lazy = lazyRegistry(async () => {
    made++;
    return memoryRegistry();
  });
  const repositories = lazy.repositories();
  expect(made).toBe(0);
  await Promise.all([lazy.pushBlob('a', descriptor, source), lazy.pushBlob('b', descriptor, source)]);
  expect(await all(repositories)).toEqual(['a', 'b']);
  expect(made).toBe(1);
});

test('a registry that cannot be made says why, each time it is tried', async () => {
  let tries = 0;
  const lazy = lazyRegistry(async () => {
    if (++tries < 3) throw new Error(`nothing is there, for the ${tries}. time`);
    return memoryRegistry();
  });
  expect(await failure(lazy.resolveBlob('a', digest))).toMatchObject({ message: /the 1. time/ });
  expect(await failure(all(lazy.tags('a')))).toMatchObject({ message: /the 2. time/ });
  await lazy.pushBlob('a', descriptor, source);
});

test('types: an operation knows what it gives', () => {
  type Get<N extends Operation['name']> = ResultOf<Extract<Operation, { name: N }>>;
  expectTypeOf<Get<'getBlob'>>().toEqualTypeOf<Promise<Content>>();
  expectTypeOf<Get<'resolveManifest'>>().toEqualTypeOf<Promise<Descriptor>>();
  expectTypeOf<Get<'startUpload'>>().toEqualTypeOf<Promise<Upload>>();
  expectTypeOf<Get<'mountBlob'>>().toEqualTypeOf<Promise<boolean>>();
  expectTypeOf<Get<'pushManifest'>>().toEqualTypeOf<Promise<PushedManifest>>();
  expectTypeOf<Get<'deleteBlob'>>().toEqualTypeOf<Promise<void>>();
  expectTypeOf<Get<'tags'>>().toEqualTypeOf<AsyncIterable<string>>();
  expectTypeOf<Get<'referrers'>>().toEqualTypeOf<AsyncIterable<Descriptor>>();
  // Every method of the interface gives what its operation gives, and there is one of each.
  expectTypeOf<Operation['name']>().toEqualTypeOf<keyof Registry>();
  expectTypeOf<{ [N in keyof Registry]: ReturnType<Registry[N]> }>().toEqualTypeOf<{
    [N in keyof Registry]: Get<N>;
  }>();
  expectTypeOf(perform<Extract<Operation, { name: 'tags' }>>).returns.toEqualTypeOf<AsyncIterable<string>>();
  expectTypeOf<Next>().toBeCallableWith({ name: 'tags', repository: 'a', options: {} });
});

async function all<T>(list: AsyncIterable<T>): Promise<readonly T[]> {
  const items: T[] = [];
  for await (const item of list) items.push(item);
  return items;
}
