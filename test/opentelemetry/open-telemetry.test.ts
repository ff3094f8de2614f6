import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';
import { registryClient } from '../../src/client/index.ts';
import { openTelemetry } from '../../src/opentelemetry/index.ts';
import type { PlaceEvent } from '../../src/place/index.ts';
import { scripted } from '../../src/testing/index.ts';

/** A listener, and what the SDK records of what it is told. */
async function recording() {
  const spanExporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spanExporter)] });
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 3_600_000,
  });
  const meterProvider = new MeterProvider({ readers: [reader] });
  onTestFinished(() => meterProvider.shutdown());
  return {
    tracerProvider,
    onEvent: await openTelemetry({ tracerProvider, meterProvider }),
    spans: () => spanExporter.getFinishedSpans(),
    /** Of one metric: the attributes of each series, with its value, or sum. */
    async series(name: string): Promise<readonly [object, number][]> {
      await meterProvider.forceFlush();
      const metrics =
        metricExporter
          .getMetrics()
          .at(-1)
          ?.scopeMetrics.flatMap(({ metrics }) => metrics) ?? [];
      const points = metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
      return points.map(({ attributes, value }) => [
        attributes,
        typeof value === 'number' ? value : ((value as { sum?: number }).sum ?? Number.NaN),
      ]);
    },
  };
}

const request = (more: Partial<Extract<PlaceEvent, { type: 'request' }>> = {}): PlaceEvent => ({
  type: 'request',
  method: 'GET',
  url: 'https://registry.test/v2/r/manifests/1?sig=…',
  kind: 'manifest',
  status: 200,
  duration: 1500,
  ...more,
});

test('a span for each request, as the conventions for HTTP have it', async () => {
  const { onEvent, spans } = await recording();
  const before = Date.now();
  onEvent(request());
  const [span] = spans();
  expect(span).toMatchObject({
    name: 'GET',
    kind: SpanKind.CLIENT,
    status: { code: SpanStatusCode.UNSET },
    instrumentationScope: { name: 'stowage' },
  });
  expect(span?.attributes).toEqual({
    'http.request.method': 'GET',
    'http.response.status_code': 200,
    'server.address': 'registry.test',
    'server.port': 443,
    'url.full': 'https://registry.test/v2/r/manifests/1?sig=…',
    'stowage.request.kind': 'manifest',
  });
  expect(span?.duration[0]).toBe(1);
  expect((span?.duration[1] ?? 0) / 1e9).toBeCloseTo(0.5, 3);
  expect(Math.abs((span?.endTime[0] ?? 0) * 1000 - before)).toBeLessThan(5000);
});

test.each([
  [{ status: 404 }, { 'http.response.status_code': 404, 'error.type': '404' }],
  [{ status: undefined }, { 'error.type': 'no_answer' }],
  [
    { status: 503, url: 'http://127.0.0.1:5000/v2/' },
    { 'error.type': '503', 'server.address': '127.0.0.1', 'server.port': 5000 },
  ],
])('a failure is one in the span: %j', async (more, attributes) => {
  const { onEvent, spans } = await recording();
  onEvent(request(more));
  expect(spans()[0]).toMatchObject({ status: { code: SpanStatusCode.ERROR }, attributes });
});

test('a method of no standard makes no series of its own', async () => {
  const { onEvent, spans } = await recording();
  onEvent(request({ method: 'BREW' }));
  expect(spans()[0]).toMatchObject({
    name: 'HTTP',
    attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'BREW' },
  });
});

test('a span stands below the one that is active', async () => {
  const { onEvent, spans, tracerProvider } = await recording();
  let active: Context = ROOT_CONTEXT;
  context.setGlobalContextManager({
    active: () => active,
    with: (_, act, self, ...args) => act.call(self as never, ...args),
    bind: (_, target) => target,
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  });
  onTestFinished(() => context.disable());
  const parent = tracerProvider.getTracer('test').startSpan('job');
  active = trace.setSpan(ROOT_CONTEXT, parent);
  onEvent(request());
  expect(spans()[0]?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
});

test('what happens is counted', async () => {
  const { onEvent, series } = await recording();
  const events: readonly PlaceEvent[] = [
    request(),
    request(),
    request({ method: 'HEAD', status: 404 }),
    { type: 'retry', method: 'GET', url: 'https://registry.test/', reason: '503', attempt: 2, delay: 100 },
    { type: 'wait', origin: 'https://registry.test', reason: 'asked', duration: 3000 },
    { type: 'wait', origin: 'https://registry.test', reason: 'rate', duration: 200 },
    { type: 'token', realm: 'https://auth.test/token', scope: 'repository:r:pull', source: 'server' },
    { type: 'resume', url: 'https://registry.test/', offset: 5, reason: 'cut' },
    { type: 'quota', origin: 'https://registry.test', limit: 100, remaining: 99, window: 21600 },
    { type: 'warning', host: 'registry.test', text: 'old' },
  ];
  for (const event of events) onEvent(event);
  expect(await series('stowage.requests')).toEqual([
    [
      { 'http.request.method': 'GET', 'stowage.request.kind': 'manifest', 'http.response.status_code': 200 },
      2,
    ],
    [
      { 'http.request.method': 'HEAD', 'stowage.request.kind': 'manifest', 'http.response.status_code': 404 },
      1,
    ],
  ]);
  const server = { 'server.address': 'registry.test', 'server.port': 443 };
  expect(await series('http.client.request.duration')).toEqual([
    [{ ...server, 'http.request.method': 'GET', 'http.response.status_code': 200 }, 3],
    [
      { ...server, 'http.request.method': 'HEAD', 'http.response.status_code': 404, 'error.type': '404' },
      1.5,
    ],
  ]);
  expect(await series('stowage.retries')).toEqual([[{ 'http.request.method': 'GET' }, 1]]);
  expect(await series('stowage.resumes')).toEqual([[{ 'stowage.resume.direction': 'read' }, 1]]);
  const waits = [
    [{ 'stowage.wait.reason': 'asked' }, 1],
    [{ 'stowage.wait.reason': 'rate' }, 1],
  ];
  expect(await series('stowage.waits')).toEqual(waits);
  expect(await series('stowage.wait.duration')).toMatchObject([
    [{}, 3],
    [{}, 0.2],
  ]);
  expect(await series('stowage.tokens')).toEqual([[{ 'stowage.token.source': 'server' }, 1]]);
});

test('what caches and mirrors tell is counted by its outcome', async () => {
  const { onEvent, series } = await recording();
  const read = { operation: 'getManifest', repository: 'r', reference: '1' } as const;
  for (const outcome of ['hit', 'miss', 'hit'] as const)
    onEvent({ type: 'cache', outcome, namespace: 'registry.test', ...read });
  onEvent({ type: 'mirror', mirror: 'mirror.test', outcome: 'served', passedOn: false, ...read });
  expect(await series('stowage.cache')).toEqual([
    [{ 'stowage.cache.outcome': 'hit', 'stowage.operation': 'getManifest' }, 2],
    [{ 'stowage.cache.outcome': 'miss', 'stowage.operation': 'getManifest' }, 1],
  ]);
  expect(await series('stowage.mirror')).toEqual([
    [{ 'stowage.mirror.name': 'mirror.test', 'stowage.mirror.outcome': 'served' }, 1],
  ]);
});

test('it listens to a client', async () => {
  const { onEvent, spans } = await recording();
  const { transport } = scripted([{ request: 'HEAD /v2/r/manifests/1', answer: { status: 404 } }]);
  const registry = registryClient('registry.test', { transport, onEvent });
  await expect(registry.resolveManifest('r', '1')).rejects.toThrow();
  expect(spans()[0]?.attributes).toMatchObject({
    'url.full': 'https://registry.test/v2/r/manifests/1',
    'http.response.status_code': 404,
  });
});

test('with no SDK nothing is recorded, and nothing fails', async () => {
  const onEvent = await openTelemetry();
  onEvent(request());
});

test('without the package, the error says what to install', async () => {
  // Nothing is installed above a folder of its own.
  const folder = await mkdtemp(join(tmpdir(), 'stowage-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const outfile = join(folder, 'room.mjs');
  const entryPoints = ['src/opentelemetry/index.ts'];
  await build({
    entryPoints,
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    external: ['@opentelemetry/api'],
  });
  // A process of its own: the test runner finds packages by ways of its own.
  const program = `import { openTelemetry } from ${JSON.stringify(pathToFileURL(outfile).href)}; await openTelemetry();`;
  const ran = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: folder,
  });
  await expect(ran).rejects.toThrow('npm install @opentelemetry/api');
});
