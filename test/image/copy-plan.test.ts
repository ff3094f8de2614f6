import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mostChunks, registryClient, type ClientOptions } from '../../src/client/index.ts';
import { copy, type CopyOptions, type CopyPlan, type CopyStage } from '../../src/image/index.ts';
import { mediaTypes, parseManifest } from '../../src/oci/index.ts';
import { plannedRequests, type Plan, type RequestCounts, type RequestLabel } from '../../src/plan/index.ts';
import { intercept, isNotFound, missingChildren, type Registry } from '../../src/registry/index.ts';
import { createHandler, toFetchHandler } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { fetchTransport } from '../../src/transport/index.ts';
import { graph, multi, type Graph, type ManifestPlan } from './graph.ts';

/** A registry at the other end of HTTP, with the numbers of requests that it got. */
interface Counted {
  readonly registry: Registry;
  readonly made: Record<string, number>;
}

function counted(behind: Registry, options: ClientOptions = {}, older = false): Counted {
  const made: Record<string, number> = {};
  const handler = toFetchHandler(createHandler(behind));
  const handle = older ? withoutReferrers(handler) : handler;
  const registry = registryClient('localhost:5000', {
    ...options,
    transport: fetchTransport((url, init) => handle(new Request(url, init))),
    onEvent: (event) => {
      if (event.type !== 'request') return;
      const label = `${event.method} ${event.kind}`;
      made[label] = (made[label] ?? 0) + 1;
    },
  });
  return { registry, made };
}

/** A registry from before there was an API for referrers. */
function withoutReferrers(handle: (request: Request) => Promise<Response>): typeof handle {
  return async (request) => {
    if (request.url.includes('/referrers/')) return new Response(null, { status: 404 });
    const response = await handle(request);
    response.headers.delete('oci-subject');
    return response;
  };
}

/** A registry that refuses manifests whose children it has not. */
function verifying(registry: Registry): Registry {
  const has = (asking: Promise<unknown>): Promise<boolean> =>
    asking.then(
      () => true,
      () => false,
    );
  return intercept(registry, async (operation, next) => {
    if (operation.name === 'pushManifest') {
      const { repository, bytes, options } = operation;
      const refusal = await missingChildren(parseManifest(bytes, options.mediaType), {
        blob: (digest) => has(registry.resolveBlob(repository, digest)),
        manifest: (digest) => has(registry.resolveManifest(repository, digest)),
      });
      if (refusal !== undefined) throw refusal;
    }
    return next(operation) as never;
  });
}

interface Ran {
  readonly plans: readonly (readonly [CopyStage, CopyPlan])[];
  readonly from: RequestCounts;
  readonly to: RequestCounts;
}

/** Copies `r:1` of one registry to `t:1` of another, over HTTP. */
async function run(
  source: Registry,
  target: Registry,
  options: CopyOptions & { planned?: boolean; older?: boolean } = {},
): Promise<Ran> {
  const { planned = true, older = false, ...rest } = options;
  const [from, to] = [counted(source, {}, older), source === target ? undefined : counted(target, {}, older)];
  const plans: [CopyStage, CopyPlan][] = [];
  await copy(
    { registry: from.registry, repository: 'r', tag: '1' },
    { registry: (to ?? from).registry, repository: 't', tag: '1' },
    { ...rest, ...(planned && { onPlan: (plan, stage) => void plans.push([stage, plan]) }) },
  );
  return { plans, from: from.made, to: to?.made ?? {} };
}

async function holding(g: Graph, top = 'index'): Promise<Registry> {
  const registry = memoryRegistry({ sparse: true });
  await g.push(registry, 'r', { tags: { 1: top } });
  return registry;
}

describe('how many requests a copy will take', () => {
  const asking: CopyPlan = {
    from: { requests: { 'HEAD manifest': 1, 'GET manifest': 1 } },
    to: { requests: { 'HEAD manifest': 1, 'GET manifest': 1 } },
  };

  test('is told before anything is asked, and before anything is sent', async () => {
    const { plans, from, to } = await run(await holding(multi), memoryRegistry());
    expect(plans).toEqual([
      ['asking', asking],
      [
        'sending',
        {
          from: { requests: { 'HEAD manifest': 1, 'GET manifest': 4, 'GET blob': 7 } },
          to: {
            requests: {
              ...asking.to.requests,
              'POST upload': 7,
              'PUT upload': 7,
              'PUT manifest': 4,
            },
          },
        },
      ],
    ]);
    expect(from).toEqual({ 'GET manifest': 4, 'GET blob': 7 });
    expect(to).toEqual({ 'HEAD manifest': 1, 'POST upload': 7, 'PUT upload': 7, 'PUT manifest': 4 });
  });

  test('is little where nothing is to be done: two requests', async () => {
    const target = memoryRegistry();
    const source = await holding(multi);
    await run(source, target);
    const { plans, from, to } = await run(source, target);
    expect(plans).toEqual([['asking', asking]]);
    expect([from, to]).toEqual([{ 'GET manifest': 1 }, { 'HEAD manifest': 1 }]);
  });

  test('is told once more after a target has said what it misses', async () => {
    const target = memoryRegistry();
    await multi.push(target, 't', {
      without: ['arm', 'arm-config', 'arm-layer', 'index'],
      tags: { 1: 'amd' },
    });
    const { plans, from, to } = await run(await holding(multi), verifying(target));
    expect(
      plans.map(([stage, plan]) => [stage, plannedRequests(plan.from), plannedRequests(plan.to)]),
    ).toEqual([
      ['asking', 2, 2],
      ['trying', 2, 3],
      // Of arm: its manifest, its config, and two layers, one of which turns out to be there.
      ['sending', 6, 11],
    ]);
    expect(from).toEqual({ 'GET manifest': 2, 'GET blob': 2 });
    expect(to).toEqual({ 'HEAD manifest': 1, 'POST upload': 3, 'PUT upload': 2, 'PUT manifest': 3 });
  });

  test('is told anew when the target misses what it was said to have', async () => {
    const target = memoryRegistry();
    // Mounts, it says, and does nothing.
    let mounts = 0;
    const liar = intercept(target, (operation, next) =>
      operation.name === 'mountBlob' && mounts++ === 0 ? Promise.resolve(true) : (next(operation) as never),
    );
    const { plans, to } = await run(await holding(multi), liar);
    expect(mounts).toBeGreaterThan(7);
    const last = plans.at(-1);
    expect(plans.map(([stage]) => stage)).toEqual(['asking', 'sending', 'refused']);
    expect(last?.[1].to.requests).toMatchObject({ 'POST upload': 8, 'PUT upload': 8, 'PUT manifest': 5 });
    expect(to).toMatchObject({ 'POST upload': 8, 'PUT upload': 7, 'PUT manifest': 5 });
  });

  test('counts the chunks of large blobs', async () => {
    const source = await holding(multi);
    const plans: CopyPlan[] = [];
    const to = counted(memoryRegistry(), { chunkSize: 10 });
    await copy(
      { registry: source, repository: 'r', tag: '1' },
      { registry: to.registry, repository: 't' },
      { onPlan: (plan) => plans.push(plan), requestsToSend: (size) => mostChunks(size, 10) },
    );
    expect(to.made['PATCH upload']).toBeGreaterThan(10);
    expect(plans.at(-1)?.to.requests['PATCH upload']).toBe(to.made['PATCH upload']);
  });
});

test.each([
  [0, undefined, 1],
  [64 * 1024 * 1024, undefined, 1],
  [64 * 1024 * 1024 + 1, undefined, 5],
  [100, 30, 4],
  [90, 30, 3],
  [0, 30, 1],
])('%d bytes, %s at a time, take %d requests at the most', (size, chunkSize, requests) => {
  expect(mostChunks(size, chunkSize)).toBe(requests);
});

/** Any graph, with subjects and entries that do not say their platform; and what the target has of it. */
const cases = fc
  .record({
    blobs: fc.array(fc.string({ maxLength: 20 }), { minLength: 1, maxLength: 5 }),
    images: fc.array(
      fc.record({ layers: fc.array(fc.nat(), { maxLength: 3 }), subject: fc.option(fc.nat()) }),
      { minLength: 1, maxLength: 5 },
    ),
    indexes: fc.array(fc.record({ children: fc.array(fc.nat(), { maxLength: 4 }), says: fc.boolean() }), {
      maxLength: 3,
    }),
    referrers: fc.array(fc.nat(), { maxLength: 3 }),
    there: fc.array(fc.nat(), { maxLength: 8 }),
    tagged: fc.option(fc.nat()),
  })
  .map(({ blobs, images, indexes, referrers, there, tagged }) => {
    const config = { text: '{"os":"linux","architecture":"amd64"}', mediaType: mediaTypes.ociConfig };
    const texts = new Map([...new Set(blobs)].map((text, at) => [`b${at}`, text]));
    const layers = [...texts.keys()];
    const manifests: Record<string, ManifestPlan> = {};
    const pick = (from: readonly string[], at: number): string => from[at % from.length] as string;
    images.forEach((image, at) => {
      const before = Object.keys(manifests);
      manifests[`image${at}`] = {
        config: 'config',
        layers: image.layers.map((layer) => pick(layers, layer)),
        annotations: { at: String(at) },
        ...(image.subject !== null && before.length > 0 && { subject: pick(before, image.subject) }),
      };
    });
    indexes.forEach(({ children, says }, at) => {
      manifests[`index${at}`] = {
        manifests: children.map((child) => ({
          of: pick(Object.keys(manifests), child),
          ...(says && { platform: { os: 'linux', architecture: 'amd64' } }),
        })),
        annotations: { at: String(at) },
      };
    });
    manifests['top'] = { manifests: Object.keys(manifests) };
    referrers.forEach((subject, at) => {
      manifests[`referrer${at}`] = {
        config: 'config',
        layers: [],
        subject: pick(Object.keys(manifests), subject),
        annotations: { referrer: String(at) },
      };
    });
    const g = graph({ blobs: { config, ...Object.fromEntries(texts) }, manifests });
    const names = [...g.nodes.keys()];
    const held = new Set(there.map((at) => pick(names, at)));
    const old = tagged === null ? undefined : pick(Object.keys(manifests), tagged);
    if (old !== undefined) held.add(old);
    return { g, without: names.filter((name) => !held.has(name)), old };
  });

const options = fc.record({
  referrers: fc.boolean(),
  /** Whether the target does, and whether the copy is told so. */
  verifies: fc.constantFrom('no', 'yes', 'known'),
  same: fc.boolean(),
  platforms: fc.boolean(),
  older: fc.boolean(),
});

const of = (plan: Plan, label: string): number => plan.requests[label as RequestLabel] ?? 0;

test('no copy makes more requests than were planned, nor more because they are planned', async () => {
  await fc.assert(
    fc.asyncProperty(cases, options, async ({ g, without, old }, wishes) => {
      const { referrers, verifies, same, platforms, older } = wishes;
      const ran = async (planned: boolean): Promise<Ran | undefined> => {
        const source = await holding(g, 'top');
        const target = same ? source : memoryRegistry({ sparse: true });
        await g.push(target, 't', { without, tags: old === undefined ? {} : { 1: old } });
        const running = run(source, verifies === 'no' || same ? target : verifying(target), {
          referrers,
          planned,
          older,
          ...(verifies === 'known' && !same && { targetVerifies: true }),
          ...(platforms && { platforms: [{ os: 'linux', architecture: 'amd64' }] }),
        });
        // Indexes of indexes have nothing for a platform.
        return running.catch((error: unknown) => {
          if (!platforms || !isNotFound(error)) throw error;
          return undefined;
        });
      };
      const [plain, planned] = [await ran(false), await ran(true)];
      expect(planned && [planned.from, planned.to]).toEqual(plain && [plain.from, plain.to]);
      const plan = planned?.plans.at(-1)?.[1];
      if (planned === undefined || plan === undefined) return;
      for (const [label, made] of Object.entries(planned.from)) {
        // One registry for both gets the requests of both.
        const allowed = of(plan.from, label) + (same ? of(plan.to, label) : 0);
        expect({ label, made, allowed }).toEqual({ label, made: Math.min(made, allowed), allowed });
      }
      for (const [label, made] of Object.entries(planned.to)) {
        const allowed = of(plan.to, label);
        expect({ label, made, allowed }).toEqual({ label, made: Math.min(made, allowed), allowed });
      }
    }),
    { numRuns: 100 },
  );
}, 60_000);
