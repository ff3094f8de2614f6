import { Invalid, printable, type InvalidSubject } from './invalid.ts';

/** Names that decide what something is. */
export interface DecisiveNames {
  readonly subject: InvalidSubject;
  readonly names: ReadonlySet<string>;
  readonly byLowerCase: ReadonlyMap<string, string>;
}

export function decisiveNames(subject: InvalidSubject, ...names: readonly string[]): DecisiveNames {
  return {
    subject,
    names: new Set(names),
    byLowerCase: new Map(names.map((name) => [name.toLowerCase(), name])),
  };
}

/**
 * Refuses another spelling of a name that decides: readers that ignore case, as Go's do, would take that one, and see
 * another document in the same bytes than we do.
 * @throws {Invalid}
 */
export function checkSpelling(
  object: object,
  { subject, names, byLowerCase }: DecisiveNames,
  pointer: string,
): void {
  for (const name of Object.keys(object)) {
    if (names.has(name)) continue;
    // By way of upper case, as Go also takes U+017F for an s.
    const known = byLowerCase.get(name.toUpperCase().toLowerCase());
    if (known === undefined) continue;
    throw new Invalid(subject, `must be spelt "${known}"`, `${pointer}/${printable(name)}`);
  }
}
