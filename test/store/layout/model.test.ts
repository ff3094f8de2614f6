import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf, type Digest } from '../../../src/oci/index.ts';
import { errorCode, type Registry } from '../../../src/registry/index.ts';
import { memoryRegistry } from '../../../src/store/memory/index.ts';
import { layoutRegistry } from '../../../src/store/layout/index.ts';
import { temporaryFolder } from './folder.ts';
import { all, config, image, index, piece, push, pushBlob, type Piece } from './image.ts';

const folder = temporaryFolder();

const subject = image('subject');
const images = [subject, image('b'), image('c'), image('referrer', { subject: subject.descriptor })];
const inner = index(images.slice(0, 2));
const indexes = [
  inner,
  index([inner, images[2] as Piece]),
  index(images.slice(1), { subject: subject.descriptor }),
];
const manifests = [...images, ...indexes];
const blobs = [config, piece('other')];

/** One step, on any registry; its answer is that of the memory store, or it is wrong. */
type Step = (registry: Registry) => Promise<unknown>;

const name = fc.constantFrom('a', 'a/blobs', 'b');
const tag = fc.constantFrom('v1', 'v2', 'v3');
const manifest = fc.constantFrom(...manifests);
const blob = fc.constantFrom(...blobs);
const digestIn = (pieces: fc.Arbitrary<Piece>): fc.Arbitrary<Digest> =>
  pieces.map(({ descriptor }) => descriptor.digest);

const step: fc.Arbitrary<readonly [string, Step]> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(name, manifest, fc.uniqueArray(tag, { maxLength: 2 }))
      .map(([where, what, tags]): [string, Step] => [
        `push ${where} ${what.descriptor.digest} ${tags.join()}`,
        (registry) => push(registry, where, what, ...tags),
      ]),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(name, blob)
      .map(([where, what]): [string, Step] => [
        `blob ${where}`,
        (registry) => pushBlob(registry, where, what),
      ]),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(name, fc.oneof(tag, digestIn(manifest)))
      .map(([where, reference]): [string, Step] => [
        `delete ${where} ${reference}`,
        (registry) => registry.deleteManifest(where, reference),
      ]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(name, digestIn(blob))
      .map(([where, digest]): [string, Step] => [
        `delete blob ${where}`,
        (registry) => registry.deleteBlob(where, digest),
      ]),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(name, name, digestIn(blob))
      .map(([to, from, digest]): [string, Step] => [
        `mount ${to} ${from}`,
        (registry) => registry.mountBlob(to, digest, from),
      ]),
  },
);

/** What an operation comes to: its value, or the code of its error. */
async function outcome(operation: Promise<unknown>): Promise<unknown> {
  try {
    return await operation;
  } catch (error) {
    return errorCode(error) ?? error;
  }
}

/** All that can be seen of a registry. */
async function view(registry: Registry): Promise<unknown> {
  const seen: unknown[] = [];
  for (const where of ['a', 'a/blobs', 'b']) {
    seen.push(where, await outcome(all(registry.tags(where))));
    for (const reference of ['v1', 'v2', 'v3', ...manifests.map(({ descriptor }) => descriptor.digest)]) {
      seen.push(reference, await outcome(registry.resolveManifest(where, reference)));
      seen.push(
        await outcome(
          registry.getManifest(where, reference).then(async (content) => digestOf(await content.bytes())),
        ),
      );
    }
    for (const { descriptor } of blobs)
      seen.push(await outcome(registry.resolveBlob(where, descriptor.digest)));
    seen.push(await outcome(all(registry.referrers(where, subject.descriptor.digest))));
  }
  return seen;
}

test('does what the memory store does, before and after a restart', { timeout: 120_000 }, async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const root = join(folder(), String(run++));
      const model = memoryRegistry();
      const registry = layoutRegistry(root, { durable: false });
      // Else most pushes would be refused for what they miss.
      for (const store of [model, registry]) {
        for (const where of ['a', 'a/blobs']) await pushBlob(store, where, config);
        for (const one of images) await push(store, 'a', one);
      }
      for (const [, perform] of steps)
        expect(await outcome(perform(registry))).toEqual(await outcome(perform(model)));
      const expected = await view(model);
      expect(await view(registry)).toEqual(expected);
      expect(await view(layoutRegistry(root))).toEqual(expected);
    }),
    { numRuns: 50 },
  );
});
