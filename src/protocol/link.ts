/** Writes a `Link` to the next page. */
export function formatNextLink(target: string): string {
  return `<${target}>; rel="next"`;
}

const LONGEST = 8 * 1024;

/**
 * The target of the first link to a next page. Read by hand, in one pass: patterns for this header have
 * been slow enough to be attacks. A link without `rel` counts, as some registries leave it out.
 * @param fields all values of the header
 * @see https://www.rfc-editor.org/rfc/rfc8288#section-3
 */
export function nextLink(fields: readonly string[]): string | undefined {
  for (const field of fields) {
    if (field.length > LONGEST) continue;
    let at = 0;
    while (at < field.length) {
      const open = field.indexOf('<', at);
      const close = field.indexOf('>', open + 1);
      if (open < 0 || close < 0) break;
      const end = endOfParameters(field, close + 1);
      const relation = relationOf(field.slice(close + 1, end));
      if (relation === undefined || relation.split(' ').includes('next')) return field.slice(open + 1, close);
      at = end + 1;
    }
  }
  return undefined;
}

/** Where the comma after a link's parameters is, not counting those inside quotes. */
function endOfParameters(field: string, from: number): number {
  let quoted = false;
  for (let at = from; at < field.length; at++) {
    if (field[at] === '"' && field[at - 1] !== '\\') quoted = !quoted;
    else if (field[at] === ',' && !quoted) return at;
  }
  return field.length;
}

function relationOf(parameters: string): string | undefined {
  for (const parameter of parameters.split(';')) {
    const equals = parameter.indexOf('=');
    if (equals < 0 || parameter.slice(0, equals).trim().toLowerCase() !== 'rel') continue;
    const value = parameter.slice(equals + 1).trim();
    return (
      value.startsWith('"') ? value.slice(1, value.endsWith('"') ? -1 : undefined) : value
    ).toLowerCase();
  }
  return undefined;
}
