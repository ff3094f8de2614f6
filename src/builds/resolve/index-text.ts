import type { SynthesizedIndex } from '../../image/index.ts';
import { formatPlain } from '../../json/index.ts';
import type { Json } from '../../oci/index.ts';

const texts = new WeakMap<SynthesizedIndex, string>();

/** An index as `jq --tab` formats it. It goes into the builds.json as well as into the cache, and is formatted once. */
export function indexText(index: SynthesizedIndex): string {
  const known = texts.get(index);
  if (known !== undefined) return known;
  const text = formatPlain(index as unknown as Json);
  texts.set(index, text);
  return text;
}
