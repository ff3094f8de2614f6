import { printable } from '../../oci/index.ts';
import type { PlaceEvent } from '../../place/index.ts';

/** An event as a line for `--trace`. Events carry no secrets, so neither does the line. */
export function traceLine(event: PlaceEvent): string {
  switch (event.type) {
    case 'request':
      return `${event.method} ${event.url} ${event.status ?? 'no answer'} ${milliseconds(event.duration)}`;
    case 'wait':
      return `wait ${milliseconds(event.duration)} for ${event.origin} (${event.reason === 'asked' ? 'it asks us to' : 'our own rate'})`;
    case 'retry':
      return `again in ${milliseconds(event.delay)}, try ${event.attempt}: ${event.method} ${event.url} (${printable(event.reason, 300)})`;
    case 'quota':
      return `${event.origin} has ${event.remaining}${event.limit === undefined ? '' : ` of ${event.limit}`} requests left`;
    case 'token':
      return `token from ${event.source === 'kept' ? 'an earlier run, of' : ''} ${event.realm} for ${printable(event.scope, 300)}`;
    case 'resume':
      return `read on from byte ${event.offset}: ${event.url} (${printable(event.reason, 300)})`;
    case 'upload-resume':
      return `upload on from byte ${event.offset}: ${event.host}/${event.repository}@${event.digest}`;
    case 'cache':
      return `cache ${event.outcome}: ${event.operation} ${event.namespace}/${event.repository} ${event.reference}${event.reason === undefined ? '' : ` (${printable(event.reason, 300)})`}`;
    case 'mirror':
      return `mirror ${event.mirror}: ${event.outcome}`;
    case 'warning':
      return `${event.host} warns: ${printable(event.text, 1000)}`;
  }
}

function milliseconds(duration: number): string {
  return duration >= 10_000 ? `${(duration / 1000).toFixed(1)} s` : `${Math.round(duration)} ms`;
}
