import { isOrderedObject, type Ordered, type OrderedObject } from '../../json/index.ts';
import { Invalid } from '../../oci/index.ts';
import { preferring, sortBy } from './order.ts';
import { canonicalPlatform } from './platform.ts';

const byField = preferring(
  ['mediaType', 'artifactType', 'digest', 'size', 'platform', 'annotations'],
  ['urls', 'data'],
);

/**
 * A descriptor with its fields in the canonical order, its platform in the canonical form, its annotations by name.
 * @param descriptor with any fields; those that are not known come before `urls` and `data`
 * @param pointer where it stands in its document, for the error
 * @throws {Invalid} subject `descriptor`, when platform or annotations are no objects.
 * @see https://github.com/opencontainers/image-spec/blob/main/descriptor.md
 */
export function canonicalDescriptor(descriptor: OrderedObject, pointer = ''): OrderedObject {
  return arranged(descriptor, byField, (name, value) => {
    const place = `${pointer}/${name}`;
    if (name === 'platform') return value === false ? value : ifObject(value, canonicalPlatform, place);
    return name === 'annotations' ? ifObject(value, sortedByName, place) : value;
  });
}

/** An object with its members sorted and each of them put into its form. */
export function arranged(
  object: OrderedObject,
  key: ReturnType<typeof preferring>,
  form: (name: string, value: Ordered) => Ordered,
): OrderedObject {
  const members = sortBy(object, ([name]) => key(name));
  return new Map(members.map(([name, value]) => [name, form(name, value)]));
}

/** Annotations are sorted by their names. */
export function sortedByName(object: OrderedObject): OrderedObject {
  return new Map(sortBy(object, ([name]) => name));
}

/** Puts an object into its form. `null`, which Go's encoder writes for what is not there, stays. */
export function ifObject(
  value: Ordered,
  form: (object: OrderedObject, pointer: string) => Ordered,
  pointer: string,
): Ordered {
  if (value === null) return value;
  if (!isOrderedObject(value)) throw new Invalid('descriptor', 'want an object', pointer);
  return form(value, pointer);
}
