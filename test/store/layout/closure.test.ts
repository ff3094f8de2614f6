import { expect, test } from 'vitest';
import { digestOf, type Digest } from '../../../src/oci/index.ts';
import { createClosure, type Closure, type Referring } from '../../../src/store/layout/closure.ts';
import type { Step } from '../../../src/store/layout/trail.ts';

const digest = (name: string): Digest => digestOf(Buffer.from(name));
const step = (name: string): Step => ({ digest: digest(name) });
const referrer = (name: string, subject: string): Referring => ({
  step: step(name),
  subject: digest(subject),
});

/** A closure over documents, by name: where each leads; and the names of those that were read. */
function over(
  documents: Readonly<Record<string, { steps?: readonly string[]; blobs?: readonly string[] }>>,
): {
  readonly closure: Closure;
  readonly read: string[];
  holds(): string[];
} {
  const names = new Map(
    Object.entries(documents)
      .flatMap(([name, { steps = [], blobs = [] }]) => [name, ...steps, ...blobs])
      .map((name) => [digest(name), name]),
  );
  const read: string[] = [];
  const closure = createClosure({
    async read(asked) {
      const name = names.get(asked.digest) ?? '';
      const document = documents[name];
      if (document === undefined) return undefined;
      read.push(name);
      const { steps = [], blobs = [] } = document;
      return { steps: steps.map(step), blobs: blobs.map(digest) };
    },
  });
  return { closure, read, holds: () => [...closure.digests].map((one) => names.get(one) ?? one).sort() };
}

test('all that documents lead to, each read once, be it in a circle', async () => {
  const { closure, read, holds } = over({
    index: { steps: ['image', 'other'] },
    image: { blobs: ['layer'] },
    other: { blobs: ['layer'], steps: ['index', 'gone'] },
  });
  await closure.add([step('index')]);
  await closure.add([step('image')]);
  expect(holds()).toEqual(['gone', 'image', 'index', 'layer', 'other']);
  expect(read).toEqual(['index', 'image', 'other']);
});

test('a layer that is a manifest elsewhere leads on from there', async () => {
  const { closure, holds } = over({
    wrapping: { blobs: ['image'] },
    index: { steps: ['image'] },
    image: { blobs: ['layer'] },
  });
  await closure.add([step('wrapping')]);
  expect(holds()).toEqual(['image', 'wrapping']);
  await closure.add([step('index')]);
  expect(holds()).toEqual(['image', 'index', 'layer', 'wrapping']);
});

test('referrers come in with their subjects, whichever is known first', async () => {
  const { closure, holds } = over({
    image: {},
    signature: { steps: ['image'], blobs: ['signed'] },
    note: { steps: ['signed'] },
    late: { blobs: ['later'] },
    stranger: {},
  });
  await closure.add([step('image')]);
  await closure.addReferrers([
    referrer('note', 'signed'),
    referrer('late', 'other'),
    referrer('signature', 'image'),
    referrer('stranger', 'nobody'),
  ]);
  expect(holds()).toEqual(['image', 'note', 'signature', 'signed']);
  await closure.add([step('other')]);
  expect(closure.digests.has(digest('later'))).toBe(true);
  expect(closure.digests.has(digest('stranger'))).toBe(false);
});

test('a chain of referrers that is four times as long takes about four times as long', async () => {
  const time = async (length: number): Promise<number> => {
    const names = Array.from({ length }, (_, at) => `${at}`);
    const { closure, read } = over(Object.fromEntries(names.map((name) => [name, {}])));
    // The last one first, so that each has to wait for all that follow.
    const chain = names
      .slice(1)
      .map((name, at) => referrer(name, `${at}`))
      .reverse();
    const begin = performance.now();
    await closure.add([step('0')]);
    await closure.addReferrers(chain);
    const taken = performance.now() - begin;
    expect(read).toHaveLength(length);
    return taken;
  };
  const best = async (length: number): Promise<number> =>
    Math.min(await time(length), await time(length), await time(length));
  const quarter = await best(2500);
  expect(await best(10_000)).toBeLessThan(12 * quarter);
});
