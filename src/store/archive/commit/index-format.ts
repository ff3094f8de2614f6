import { formatIndex, type LayoutIndex } from '../../../layout-index/index.ts';
import { annotations, mediaTypes, type Descriptor, type Json } from '../../../oci/index.ts';

/** The order of a descriptor's fields; others come behind them, by name. */
const FIELDS = ['mediaType', 'digest', 'size', 'artifactType', 'platform', 'urls', 'data', 'annotations'];

/**
 * Writes an `index.json` that is the same for the same entries, in whichever order they came, and with whichever tool:
 * entries by name, fields in one order.
 */
export function formatArchiveIndex({ fields, entries }: LayoutIndex): Uint8Array {
  const { schemaVersion = 2, manifests: _, mediaType: __, ...rest } = fields;
  return formatIndex({
    fields: { schemaVersion, mediaType: mediaTypes.ociIndex, ...sorted(rest), manifests: [] },
    entries: inOrder(entries).map(ordered),
  });
}

/** Entries by their names; those without come last. */
export function inOrder(entries: readonly Descriptor[]): readonly Descriptor[] {
  const keyed = entries.map((entry) => [keyOf(entry), entry] as const);
  return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, entry]) => entry);
}

function keyOf({ digest, mediaType, annotations: all }: Descriptor): string {
  const [image, ref] = [all?.[annotations.imageName], all?.[annotations.refName]];
  const isNamed = image !== undefined || ref !== undefined;
  return JSON.stringify([isNamed ? 0 : 1, image ?? '', ref ?? '', digest, mediaType]);
}

function ordered(entry: Descriptor): Descriptor {
  const all = { ...sorted(entry), ...(entry.annotations && { annotations: sorted(entry.annotations) }) };
  const known = FIELDS.flatMap((name) => Object.entries(all).filter(([key]) => key === name));
  const others = Object.entries(all).filter(([key]) => !FIELDS.includes(key));
  return Object.fromEntries([...known, ...others]) as unknown as Descriptor;
}

function sorted<T>(fields: Readonly<Record<string, T>> | object): { readonly [name: string]: Json } {
  const byName = Object.entries(fields as Readonly<Record<string, Json>>);
  return Object.fromEntries(byName.sort(([a], [b]) => (a < b ? -1 : 1)));
}
