import { printable } from '../oci/index.ts';
import { parseWarnings } from '../protocol/index.ts';
import { headerValues, type HeaderFields, type Listener } from '../transport/index.ts';
import type { WarningEvent } from './event.ts';

/** More texts than this nobody reads; a registry that has a new one in each answer is not listened to for ever. */
const MOST_TEXTS = 50;

/**
 * Tells what a registry has to say to its users, each text once, and with nothing in it that a terminal would obey.
 * Nothing is ever done because of a warning: it is for people.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#warnings
 */
export function warningReader(host: string, tell: Listener<WarningEvent>): (headers: HeaderFields) => void {
  const told = new Set<string>();
  return (headers) => {
    for (const warning of parseWarnings(headerValues(headers, 'warning'))) {
      const text = printable(warning, warning.length);
      if (told.size === MOST_TEXTS || told.has(text)) continue;
      told.add(text);
      tell({ type: 'warning', host, text });
    }
  };
}
