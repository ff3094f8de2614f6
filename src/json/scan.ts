/** How deep documents may nest. */
export const depthLimit = 512;

/** The place of the quote that ends a string. @param start that of the one that begins it @returns -1 without an end */
export function endOfString(text: string, start: number): number {
  for (let at = start + 1; ; at++) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return -1;
    let backslashes = 0;
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return quote;
    at = quote;
  }
}

/** The next place that is no white space, as JSON has it. */
export function skipSpace(text: string, at: number): number {
  for (let here = at; ; here++) {
    const code = text.charCodeAt(here);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return here;
  }
}

/**
 * The place behind the value that begins here. Looks at brackets and quotes alone: whether it is JSON is for the parser.
 * @returns -1 if the text ends before it does
 */
export function endOfValue(text: string, start: number): number {
  const first = text[start];
  if (first === '"') return endOfString(text, start) + 1 || -1;
  if (first !== '{' && first !== '[') {
    let at = start;
    while (at < text.length && !/[\s,:[\]{}"]/.test(text[at] as string)) at++;
    return at;
  }
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = endOfString(text, at);
        if (end < 0) return -1;
        at = end;
        break;
      }
      case 0x7b:
      case 0x5b:
        depth++;
        break;
      case 0x7d:
      case 0x5d:
        if (--depth === 0) return at + 1;
        break;
    }
  }
  return -1;
}

/** Where a place is, as people count: `line 3, column 14`. */
export function position(text: string, at: number): string {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return `line ${line}, column ${at - before.lastIndexOf('\n')}`;
}
