import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import type { PlaceEvent } from '../place/index.ts';
import type { Listener } from '../transport/index.ts';
import { version } from '../version.ts';
import { instruments } from './metric.ts';
import { spans } from './span.ts';

export interface OpenTelemetryOptions {
  /** The global one unless given. */
  readonly tracerProvider?: TracerProvider;
  /** The global one unless given. */
  readonly meterProvider?: MeterProvider;
}

/**
 * A listener that makes a span of each request, and counts what happens: requests, retries, waits, tokens, hits and
 * misses. The package `@opentelemetry/api` is loaded here and needs to be installed; without an SDK that is
 * registered with it, or given, nothing is recorded.
 * @returns what goes to `onEvent` of a client, of places, of a cache or of a mirror; one may serve them all
 * @throws {Error} when `@opentelemetry/api` is not installed.
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#metric-httpclientrequestduration
 * @example
 * ```ts
 * const registry = registryClient('docker.io', { onEvent: await openTelemetry() });
 * ```
 */
export async function openTelemetry(options: OpenTelemetryOptions = {}): Promise<Listener<PlaceEvent>> {
  const api = await load();
  const { tracerProvider = api.trace, meterProvider = api.metrics } = options;
  const span = spans(api, tracerProvider.getTracer('stowage', version));
  const count = instruments(meterProvider.getMeter('stowage', version));
  return (event) => {
    if (event.type === 'request') span(event);
    count(event);
  };
}

async function load(): Promise<typeof import('@opentelemetry/api')> {
  try {
    return await import('@opentelemetry/api');
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) throw cause;
    throw new Error('spans and metrics need a package that is not there: npm install @opentelemetry/api', {
      cause,
    });
  }
}
