import type { OrderedObject } from '../image/index.ts';
import { isOrderedObject, type Ordered } from '../json/index.ts';
import type { Path } from './reader.ts';

/** An object with another value in one place. What is not there yet comes last, in objects that are made on the way. */
export function replaced(object: OrderedObject, path: Path, value: Ordered): OrderedObject {
  return replacedIn(object, path, value) as OrderedObject;
}

function replacedIn(inside: Ordered | undefined, [step, ...rest]: Path, value: Ordered): Ordered {
  if (step === undefined) return value;
  if (typeof step === 'number') {
    const list = Array.isArray(inside) ? (inside as readonly Ordered[]) : [];
    return list.with(step, replacedIn(list[step], rest, value));
  }
  const members = isOrderedObject(inside) ? inside : new Map<string, Ordered>();
  return new Map([...members, [step, replacedIn(members.get(step), rest, value)]]);
}
