import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { registryClient, type RegistryClient } from '../../../src/client/index.ts';
import { deploy } from '../../../src/image/index.ts';
import type { Plan } from '../../../src/plan/index.ts';
import type { PlacedDocument, PlanStage } from '../../../src/image/index.ts';
import { createHandler, listen } from '../../../src/server/index.ts';
import { memoryRegistry } from '../../../src/store/memory/index.ts';
import { graph, type Graph, type ManifestPlan } from '../graph.ts';
import { inBase64, numbered, pending } from './stand.ts';

/** What somebody wants to be deployed of a graph, by numbers. */
interface Wish {
  readonly what: number;
  readonly refs: readonly { readonly repository: number; readonly tag: number | undefined }[];
  /** Copied, and not carried. */
  readonly copied: boolean;
  /** Whether lookup names each child. */
  readonly exact: boolean;
}

const names = fc.array(fc.nat(), { maxLength: 4 });
const wishes: fc.Arbitrary<readonly Wish[]> = fc.array(
  fc.record({
    what: fc.nat(),
    refs: fc.array(fc.record({ repository: fc.nat(2), tag: fc.option(fc.nat(3), { nil: undefined }) }), {
      minLength: 1,
      maxLength: 4,
    }),
    copied: fc.boolean(),
    exact: fc.boolean(),
  }),
  { minLength: 1, maxLength: 6 },
);
const plans = fc.record({
  blobs: fc.array(fc.string({ maxLength: 20 }), { minLength: 1, maxLength: 5 }),
  images: fc.array(names, { minLength: 1, maxLength: 4 }),
  indexes: fc.array(names, { maxLength: 4 }),
  wishes,
  sparse: fc.boolean(),
  parallel: fc.boolean(),
  elsewhere: fc.boolean(),
  /** Manifests that somebody left at a registry that takes them without their children. */
  left: fc.array(fc.record({ what: fc.nat(), repository: fc.nat(2) }), { maxLength: 4 }),
});

function graphOf(blobs: readonly string[], images: readonly number[][], indexes: readonly number[][]): Graph {
  const texts = new Map([...new Set(blobs)].map((text, at) => [`b${at}`, text]));
  const layers = [...texts.keys()];
  const manifests: Record<string, ManifestPlan> = {};
  const pick = (from: readonly string[], at: readonly number[]): string[] =>
    at.map((number) => from[number % from.length] as string);
  images.forEach((own, at) => {
    manifests[`image${at}`] = {
      config: layers[at % layers.length] as string,
      layers: pick(layers, own),
      annotations: { at: String(at) },
    };
  });
  indexes.forEach((children, at) => {
    manifests[`index${at}`] = {
      manifests: pick(Object.keys(manifests), children),
      annotations: { at: String(at) },
    };
  });
  return graph({ blobs: Object.fromEntries(texts), manifests });
}

/** Documents for wishes; of two that want one tag, the first. */
function documentsOf(g: Graph, wanted: readonly Wish[], source: string): readonly PlacedDocument[] {
  const nodes = [...g.nodes].filter(([, { kind }]) => kind === 'manifest');
  const taken = new Map<string, string>();
  const documents = wanted.flatMap(({ what, refs, copied, exact }) => {
    const [name, { bytes }] = nodes[what % nodes.length] as (typeof nodes)[number];
    const digest = g.digest(name);
    const own = refs.flatMap(({ repository, tag }) => {
      const place = `r.test/r${repository}`;
      if (tag === undefined) return [`${place}@${digest}`];
      const key = `${place}:${tag}`;
      if ((taken.get(key) ?? name) !== name) return [];
      taken.set(key, name);
      return [key];
    });
    if (own.length === 0) return [];
    const lookup = exact
      ? Object.fromEntries([...g.nodes.keys()].map((other) => [g.digest(other), `${source}/staging`]))
      : { '': `${source}/staging` };
    if (!copied) return [{ type: 'manifest', refs: own, lookup, data: inBase64(bytes) }];
    return [{ type: 'manifest', refs: own, lookup: { [digest]: `${source}/staging` } }];
  });
  return numbered(documents);
}

interface Rig {
  readonly client: RegistryClient;
  readonly made: Map<string, number>;
}

/** A registry over HTTP, whose requests are counted. */
async function rig(sparse: boolean): Promise<Rig & { close(): Promise<void> }> {
  const server = await listen(createHandler(memoryRegistry({ sparse })));
  const made = new Map<string, number>();
  const client = registryClient(server.url, {
    onEvent(event) {
      if (event.type !== 'request') return;
      const label = `${event.method} ${event.kind}`;
      made.set(label, (made.get(label) ?? 0) + 1);
    },
  });
  return {
    client,
    made,
    async close() {
      await client.close();
      await server.close();
    },
  };
}

test('whatever is deployed is there with all below it, within the plan, and a second run only asks', async () => {
  const rigs = [await rig(false), await rig(true), await rig(false)] as const;
  onTestFinished(async () => {
    await Promise.all(rigs.map((each) => each.close()));
  });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      plans,
      async ({ blobs, images, indexes, wishes: wanted, sparse, parallel, elsewhere, left }) => {
        const g = graphOf(blobs, images, indexes);
        const prefix = `run${run++}`;
        const within = ({ client, made }: Rig): Rig => ({ client: scoped(client, prefix), made });
        const target = within(sparse ? rigs[1] : rigs[0]);
        const source = elsewhere ? within(rigs[2]) : target;
        const documents = documentsOf(g, wanted, elsewhere ? 's.test' : 'r.test');
        if (documents.length === 0) return;
        await g.push(source.client, 'staging');
        if (sparse) await leave(g, target.client, left);
        const told: [PlanStage, Plan][] = [];
        const options = {
          registryOf: (host: string) => (host === 's.test' ? source.client : target.client),
          parallel,
          onPlan: (plan: Plan, stage: PlanStage) => void told.push([stage, plan]),
        };
        const before = await pending(documents, options);
        const counts = [target.made, source.made];
        counts.forEach((made) => made.clear());
        told.length = 0;

        const first = await deploy(documents, options);
        expect(first.failed).toEqual([]);
        expect(first.changed).toBe(before.length);
        const [stage, plan] = told.at(-1) as [PlanStage, Plan];
        expect(stage).toBe('end');
        for (const [label, most] of merged(counts))
          expect([
            label,
            most <= (plan.requests[label as `${string} ${string}`] ?? 0),
            most,
            plan.requests,
          ]).toEqual([label, true, most, plan.requests]);

        for (const { refs } of documents)
          for (const { repository, tag, digest } of refs) {
            expect((await target.client.resolveManifest(repository, tag ?? (digest as string))).digest).toBe(
              digest,
            );
            await expectWhole(g, target.client, repository, digest as string);
          }

        counts.forEach((made) => made.clear());
        expect(await deploy(documents, options)).toMatchObject({ changed: 0, failed: [] });
        for (const [label] of merged(counts)) expect(label).toMatch(/^(HEAD \w+|GET manifest)$/);
        counts.forEach((made) => made.clear());
        const sure = { ...options, targetsVerify: true };
        expect(await deploy(documents, sure)).toMatchObject({ changed: 0, failed: [] });
        const places = new Set(
          documents.flatMap(({ refs }) =>
            refs.map(({ repository, tag, digest }) => `${repository} ${tag ?? digest}`),
          ),
        );
        expect([...merged(counts)]).toEqual([['HEAD manifest', places.size]]);
      },
    ),
    { numRuns: 60, endOnFailure: true },
  );
}, 60_000);

/** Pushes manifests by their digests alone, and nothing below them. */
async function leave(
  g: Graph,
  client: RegistryClient,
  left: readonly { readonly what: number; readonly repository: number }[],
): Promise<void> {
  const nodes = [...g.nodes.values()].filter(({ kind }) => kind === 'manifest');
  for (const { what, repository } of left) {
    const { bytes, descriptor } = nodes[what % nodes.length] as (typeof nodes)[number];
    await client.pushManifest(`r${repository}`, bytes, { mediaType: descriptor.mediaType });
  }
}

function merged(counts: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const made of new Set(counts))
    for (const [label, count] of made) sums.set(label, (sums.get(label) ?? 0) + count);
  return sums;
}

/** The client, in whose repositories nobody has been. */
function scoped(client: RegistryClient, prefix: string): RegistryClient {
  const name = (repository: string): string => `${prefix}/${repository}`;
  return {
    ...client,
    getBlob: (repository, ...rest) => client.getBlob(name(repository), ...rest),
    getManifest: (repository, ...rest) => client.getManifest(name(repository), ...rest),
    resolveBlob: (repository, ...rest) => client.resolveBlob(name(repository), ...rest),
    resolveManifest: (repository, ...rest) => client.resolveManifest(name(repository), ...rest),
    pushBlob: (repository, descriptor, source, { mountFrom, ...options } = {}) =>
      client.pushBlob(name(repository), descriptor, source, {
        ...options,
        ...(mountFrom !== undefined && { mountFrom: name(mountFrom) }),
      }),
    pushManifest: (repository, ...rest) => client.pushManifest(name(repository), ...rest),
  };
}

async function expectWhole(
  g: Graph,
  client: RegistryClient,
  repository: string,
  digest: string,
): Promise<void> {
  const held = new Set(await g.held(client, repository));
  const name = [...g.nodes.keys()].find((other) => g.digest(other) === digest) as string;
  const visit = (each: string): void => {
    expect([each, held.has(each)]).toEqual([each, true]);
    const { kind, bytes } = g.nodes.get(each) as { kind: string; bytes: Uint8Array };
    if (kind === 'blob') return;
    const text = Buffer.from(bytes).toString();
    for (const other of g.nodes.keys()) if (text.includes(g.digest(other))) visit(other);
  };
  visit(name);
}
