import type { Meter } from '@opentelemetry/api';
import type { PlaceEvent } from '../place/index.ts';
import type { Listener } from '../transport/index.ts';
import { knownMethod, requestAttributes } from './attribute.ts';

/** In seconds, as the conventions advise. */
const DURATIONS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];

/** In seconds; a registry may have us wait for a quarter of an hour. */
const WAITS: readonly number[] = [0.1, 0.5, 1, 5, 10, 30, 60, 120, 300, 600, 900];

/** Makes the instruments, and puts on them what happens. */
export function instruments(meter: Meter): Listener<PlaceEvent> {
  const duration = meter.createHistogram('http.client.request.duration', {
    description: 'Time from sending a request to the headers of its answer.',
    unit: 's',
    advice: { explicitBucketBoundaries: [...DURATIONS] },
  });
  const requests = meter.createCounter('stowage.requests', {
    description: 'Requests that were sent.',
    unit: '{request}',
  });
  const retries = meter.createCounter('stowage.retries', {
    description: 'Requests that were sent again.',
    unit: '{request}',
  });
  const resumes = meter.createCounter('stowage.resumes', {
    description: 'Reads and uploads that went on where they had broken off.',
    unit: '{resume}',
  });
  const waits = meter.createCounter('stowage.waits', {
    description: 'Times that requests were held back.',
    unit: '{wait}',
  });
  const waited = meter.createHistogram('stowage.wait.duration', {
    description: 'How long requests were held back.',
    unit: 's',
    advice: { explicitBucketBoundaries: [...WAITS] },
  });
  const tokens = meter.createCounter('stowage.tokens', {
    description: 'Tokens that were got from a server, or kept from earlier.',
    unit: '{token}',
  });
  const cache = meter.createCounter('stowage.cache', {
    description: 'Reads that were looked up in a cache.',
    unit: '{read}',
  });
  const mirrors = meter.createCounter('stowage.mirror', {
    description: 'Reads that went to a mirror.',
    unit: '{read}',
  });
  return (event) => {
    switch (event.type) {
      case 'request':
        duration.record(event.duration / 1000, requestAttributes(event));
        requests.add(1, {
          'http.request.method': knownMethod(event.method),
          'stowage.request.kind': event.kind,
          ...(event.status !== undefined && { 'http.response.status_code': event.status }),
        });
        return;
      case 'retry':
        retries.add(1, { 'http.request.method': knownMethod(event.method) });
        return;
      case 'resume':
        resumes.add(1, { 'stowage.resume.direction': 'read' });
        return;
      case 'upload-resume':
        resumes.add(1, { 'stowage.resume.direction': 'upload' });
        return;
      case 'wait':
        waits.add(1, { 'stowage.wait.reason': event.reason });
        waited.record(event.duration / 1000, { 'stowage.wait.reason': event.reason });
        return;
      case 'token':
        tokens.add(1, { 'stowage.token.source': event.source });
        return;
      case 'cache':
        cache.add(1, { 'stowage.cache.outcome': event.outcome, 'stowage.operation': event.operation });
        return;
      case 'mirror':
        mirrors.add(1, { 'stowage.mirror.name': event.mirror, 'stowage.mirror.outcome': event.outcome });
        return;
      case 'quota':
      case 'warning':
        return;
    }
  };
}
