import { isOrderedObject, type Ordered, type OrderedObject } from '../../json/index.ts';
import { Invalid } from '../../oci/index.ts';
import { arranged, canonicalDescriptor, ifObject, sortedByName } from './descriptor.ts';
import { sortManifests } from './manifests.ts';
import { preferring } from './order.ts';

const byField = preferring(
  ['schemaVersion', 'mediaType', 'artifactType', 'manifests', 'config', 'layers'],
  ['subject', 'annotations'],
);

/**
 * An index or image manifest in the canonical form: fields in one order, descriptors in theirs, the entries of an index
 * sorted (see `sortManifests`). Layers stay in their order, which is what they mean, and a subject stays as it is.
 *
 * Another form has other bytes, and so another digest: this is for documents that are about to be made, not for those
 * that exist.
 * @param document with any fields; those that are not known come before `subject` and `annotations`
 * @throws {Invalid} subject `descriptor`, with a pointer, for lists that are none, entries that are no objects, and
 *   what `canonicalDescriptor` and `sortManifests` refuse.
 * @see https://github.com/opencontainers/image-spec/blob/main/image-index.md
 */
export function canonicalManifest(document: OrderedObject): OrderedObject {
  return arranged(document, byField, (name, value) => {
    const pointer = `/${name}`;
    switch (name) {
      case 'manifests':
        return sortManifests(descriptors(value, pointer), pointer);
      case 'layers':
        return descriptors(value, pointer);
      case 'config':
        return ifObject(value, canonicalDescriptor, pointer);
      case 'annotations':
        return ifObject(value, sortedByName, pointer);
      default:
        return value;
    }
  });
}

function descriptors(value: Ordered, pointer: string): readonly OrderedObject[] {
  if (!Array.isArray(value)) throw new Invalid('descriptor', 'want a list of descriptors', pointer);
  return (value as readonly Ordered[]).map((entry, at) => {
    const place = `${pointer}/${at}`;
    if (!isOrderedObject(entry)) throw new Invalid('descriptor', 'want a descriptor', place);
    return canonicalDescriptor(entry, place);
  });
}
