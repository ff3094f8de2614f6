import { formatJson } from './format.ts';
import { isOrderedObject, JsonNumber, type Ordered } from './ordered.ts';

/** Equal values in equal words: a text that two values share if, and only if, they are equal as JSON. */
export function canonicalJson(value: Ordered): string {
  return formatJson(inOneOrder(value), { compact: true });
}

/** Members by name, numbers by their value. */
function inOneOrder(value: Ordered): Ordered {
  if (value instanceof JsonNumber) return new JsonNumber(String(Number(value.text)));
  if (isOrderedObject(value))
    return new Map(
      [...value]
        .map(([name, member]): [string, Ordered] => [name, inOneOrder(member)])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  return Array.isArray(value) ? (value as readonly Ordered[]).map(inOneOrder) : value;
}
