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
      const end = endOfPart(field, close + 1, ',');
      const relation = relationOf(field.slice(close + 1, end));
      if (relation === undefined || relation.split(' ').includes('next')) return field.slice(open + 1, close);
      at = end + 1;
    }
  }
  return undefined;
}

/** Where the next separator is, not counting those inside quotes. */
function endOfPart(text: string, from: number, separator: ',' | ';'): number {
  let quoted = false;
  for (let at = from; at < text.length; at++) {
    if (quoted && text[at] === '\\') at++;
    else if (text[at] === '"') quoted = !quoted;
    else if (text[at] === separator && !quoted) return at;
  }
  return text.length;
}

function relationOf(parameters: string): string | undefined {
  for (let at = 0, end; at < parameters.length; at = end + 1) {
    end = endOfPart(parameters, at, ';');
    const parameter = parameters.slice(at, end);
    const equals = parameter.indexOf('=');
    if (equals < 0 || parameter.slice(0, equals).trim().toLowerCase() !== 'rel') continue;
    const value = parameter.slice(equals + 1).trim();
    return (
      value.startsWith('"') ? value.slice(1, value.endsWith('"') ? -1 : undefined) : value
    ).toLowerCase();
  }
  return undefined;
}
