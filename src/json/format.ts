import type { Json } from '../oci/index.ts';
import { JsonNumber, type Ordered } from './ordered.ts';

export interface FormatOptions {
  /** One line, without spaces. Unless told, as `jq --tab` does it: a line for each member, indented by tabs. */
  readonly compact?: boolean;
}

/**
 * Writes a JSON value; members in their order, and text unescaped as far as it can be.
 * @param value what `parseOrdered` read, or a value of our own
 */
export function formatJson(value: Ordered | Json, options: FormatOptions = {}): string {
  const pieces: string[] = [];
  write(value, '\n', options, pieces);
  return pieces.join('');
}

function write(value: Ordered | Json, margin: string, options: FormatOptions, out: string[]): void {
  if (typeof value === 'string') out.push(quote(value));
  else if (typeof value !== 'object' || value === null) out.push(String(value));
  else if (Array.isArray(value))
    writeAll('[', ']', value as readonly Ordered[], margin, options, out, (element, inner) =>
      write(element, inner, options, out),
    );
  else if (value instanceof JsonNumber) out.push(value.text);
  else {
    const members =
      value instanceof Map ? [...(value as ReadonlyMap<string, Ordered>)] : Object.entries(value);
    writeAll('{', '}', members, margin, options, out, ([name, member], inner) => {
      out.push(quote(name), options.compact ? ':' : ': ');
      write(member, inner, options, out);
    });
  }
}

function writeAll<T>(
  open: string,
  close: string,
  all: readonly T[],
  margin: string,
  { compact = false }: FormatOptions,
  out: string[],
  one: (item: T, margin: string) => void,
): void {
  const inner = `${margin}\t`;
  out.push(open);
  for (const [at, item] of all.entries()) {
    if (at > 0) out.push(',');
    if (!compact) out.push(inner);
    one(item, inner);
  }
  if (!compact && all.length > 0) out.push(margin);
  out.push(close);
}

/** jq writes the one control character that JSON would let pass as an escape, and half of a pair as U+FFFD. */
function quote(text: string): string {
  return JSON.stringify(text.replace(/\p{Surrogate}/gu, '\uFFFD')).replaceAll('\u007F', '\\u007f');
}
