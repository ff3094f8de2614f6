import { printable, type Json } from '../../oci/index.ts';

/**
 * How much a rule weighs: `must` and `should` are words of the specifications; `official` is what the Docker Official
 * Images want of their own images beyond that.
 */
export type Weight = 'must' | 'should' | 'official';

/** What a rule has to say of a document. */
export interface Finding {
  /** Where in the document, as a JSON pointer (RFC 6901): `/layers/3/size`. Empty for the whole. */
  readonly pointer: string;
  readonly message: string;
  readonly weight: Weight;
}

/** What rules give: nothing, where there is nothing wrong. */
export type Findings = Iterable<Finding>;

/** What specifications forbid. */
export function must(pointer: string, message: string): Finding {
  return { pointer, message, weight: 'must' };
}

/** What specifications advise against. */
export function should(pointer: string, message: string): Finding {
  return { pointer, message, weight: 'should' };
}

/** What the Docker Official Images do not have. @see https://github.com/docker-library/meta-scripts/blob/main/oci.jq */
export function official(pointer: string, message: string): Finding {
  return { pointer, message, weight: 'official' };
}

/** The pointer to a member of an object, or an element of a list. */
export function within(pointer: string, name: string | number): string {
  return `${pointer}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** A value as messages show it. */
export function shown(value: Json | undefined): string {
  return value === undefined ? 'nothing' : printable(JSON.stringify(value), 80);
}

/** Finds fault with a value that is not one of some texts. */
export function* oneOf(
  value: Json | undefined,
  allowed: readonly (string | undefined)[],
  pointer: string,
  fault: typeof must,
): Generator<Finding> {
  if (value === undefined || typeof value === 'string') if (allowed.includes(value)) return;
  const texts = allowed.filter((text) => text !== undefined);
  const want =
    texts.length === 0
      ? 'want none'
      : `want ${texts.join(' or ')}${allowed.length > texts.length ? ', or none' : ''}`;
  yield fault(pointer, `${want}, got ${shown(value)}`);
}
