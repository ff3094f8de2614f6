import { isOrderedObject, type Ordered, type OrderedObject } from './ordered.ts';
import type { Path } from './document-reader.ts';

/** An object with another value in one place. What is not there yet comes last, in objects that are made on the way. */
export function setIn(object: OrderedObject, path: Path, value: Ordered): OrderedObject {
  return setInside(object, path, value) as OrderedObject;
}

function setInside(inside: Ordered | undefined, [step, ...rest]: Path, value: Ordered): Ordered {
  if (step === undefined) return value;
  if (typeof step === 'number') {
    const list = Array.isArray(inside) ? (inside as readonly Ordered[]) : [];
    return list.with(step, setInside(list[step], rest, value));
  }
  const members = isOrderedObject(inside) ? inside : new Map<string, Ordered>();
  return new Map([...members, [step, setInside(members.get(step), rest, value)]]);
}
