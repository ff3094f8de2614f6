import { Invalid, printable } from '../../oci/index.ts';
import { formatFields, isTrue, parseFields } from './fields.ts';

/**
 * Attestations with their parameters, by their types: `type=provenance,mode=max`. The last one of a type counts, which
 * `disabled=true` takes back.
 * @throws {Invalid} subject `context`.
 */
export function attestationsOf(texts: readonly string[]): Readonly<Record<string, string>> {
  const attestations = new Map<string, string>();
  for (const text of texts) {
    const { type, disabled, ...parameters } = parseFields('attest', text);
    if (type === undefined)
      throw new Invalid('context', `--attest ${printable(text)}: want type=provenance or sbom`);
    if (isTrue(disabled)) attestations.delete(type);
    else attestations.set(type, formatFields(parameters));
  }
  return Object.fromEntries(attestations);
}
