import fc from 'fast-check';
import { expect, test } from 'vitest';
import { registryClient } from '../../src/client/index.ts';
import { copy } from '../../src/image/index.ts';
import type { Registry } from '../../src/registry/index.ts';
import { createHandler, listen } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { graph, type Graph, type ManifestPlan } from './graph.ts';

/** Any graph: some blobs; images of some of them; indexes of anything that stands before them. */
const graphs: fc.Arbitrary<Graph> = fc
  .record({
    blobs: fc.array(fc.string({ maxLength: 40 }), { minLength: 1, maxLength: 6 }),
    images: fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 5 }),
    indexes: fc.array(fc.array(fc.nat(), { maxLength: 5 }), { maxLength: 4 }),
  })
  .map(({ blobs, images, indexes }) => {
    const texts = new Map([...new Set(blobs)].map((text, at) => [`b${at}`, text]));
    const names = [...texts.keys()];
    const manifests: Record<string, ManifestPlan> = {};
    const pick = (from: readonly string[], at: readonly number[]): string[] =>
      at.map((number) => from[number % from.length] as string);
    images.forEach((layers, at) => {
      manifests[`image${at}`] = {
        config: names[at % names.length] as string,
        layers: pick(names, layers),
        annotations: { at: String(at) },
      };
    });
    indexes.forEach((children, at) => {
      manifests[`index${at}`] = {
        manifests: pick(Object.keys(manifests), children),
        annotations: { at: String(at) },
      };
    });
    // Blobs alone do not travel: all that is in the graph hangs on this one.
    manifests['top'] = { manifests: Object.keys(manifests) };
    return graph({ blobs: Object.fromEntries(texts), manifests });
  });

async function arrives(g: Graph, target: Registry, repository: string): Promise<void> {
  const origin = memoryRegistry();
  await g.push(origin, 'r', { tags: { 1: 'top' } });
  await copy({ registry: origin, repository: 'r', tag: '1' }, { registry: target, repository });
  const top = await target.resolveManifest(repository, '1');
  expect(top.digest).toBe(g.digest('top'));
  const manifests = [...g.nodes].filter(([, { kind }]) => kind === 'manifest');
  const used = new Set(
    manifests.flatMap(([, { bytes }]) =>
      [
        ...Buffer.from(bytes)
          .toString()
          .matchAll(/sha256:[0-9a-f]{64}/g),
      ].map(String),
    ),
  );
  const wanted = [...g.nodes].filter(
    ([name, { descriptor }]) => name === 'top' || used.has(descriptor.digest),
  );
  expect(await g.held(target, repository)).toEqual(wanted.map(([name]) => name));
}

test('whatever is copied to memory is the same there', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, (g) => arrives(g, memoryRegistry(), 'r')),
    { numRuns: 100 },
  );
});

test('whatever is copied over HTTP is the same there', async () => {
  const server = await listen(createHandler(memoryRegistry()));
  const client = registryClient(server.url);
  let count = 0;
  try {
    await fc.assert(
      fc.asyncProperty(graphs, (g) => arrives(g, client, `r${count++}`)),
      { numRuns: 30 },
    );
  } finally {
    await client.close();
    await server.close();
  }
});
