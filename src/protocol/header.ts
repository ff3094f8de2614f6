/** Header fields, by their names in lower case. A field that was sent several times is a list. */
export type HeaderFields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The first value of a header field. */
export function headerValue(headers: HeaderFields, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** All values of a header field. */
export function headerValues(headers: HeaderFields, name: string): readonly string[] {
  const value = headers[name];
  if (value === undefined) return [];
  return typeof value === 'string' ? [value] : value;
}
