import { Invalid, printable } from '../../oci/index.ts';
import { parseFields } from './fields.ts';

/**
 * Attestations with their parameters, by their types: `type=provenance,mode=max`.
 * @throws {Invalid} subject `context`.
 */
export function attestationsOf(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const { type, ...rest } = parseFields('attest', text);
      if (type === undefined)
        throw new Invalid('context', `--attest ${printable(text)}: want type=provenance or sbom`);
      const parameters = Object.entries(rest).map(([name, value]) => `${name}=${value}`);
      return [type, parameters.join(',')];
    }),
  );
}
