import type { Exchange } from './exchange.ts';

/** A request as it came, in the form in which it is compared. */
export interface Received {
  /** Method and target, as they stand in tables. */
  readonly line: string;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** A request's method and target as people write them: colons and slashes in queries stand for themselves. */
export function legible(method: string, target: string): string {
  return `${method} ${target.replaceAll(/%3A/gi, ':').replaceAll(/%2F/gi, '/')}`;
}

/** Whether two lines ask for the same, in whatever order their parameters are. */
export function sameRequest(a: string, b: string): boolean {
  return a === b || inOrder(a) === inOrder(b);
}

/** In what a request is not the one that a row wants: a line for each difference, none if it fits. */
export function differences(row: Exchange, came: Received): readonly string[] {
  const found: string[] = [];
  if (!sameRequest(row.request, came.line)) found.push(`request: ${row.request}`);
  for (const [name, want] of Object.entries(row.headers ?? {})) {
    const got = came.headers[name.toLowerCase()];
    // `search` and not `test`: that one remembers where a pattern with /g was found last.
    const fits = want instanceof RegExp ? got !== undefined && got.search(want) >= 0 : got === want;
    if (!fits) found.push(`${name}: ${want?.toString() ?? '(none)'}, not ${got ?? '(none)'}`);
  }
  if (row.body !== undefined && !sameBody(row.body, came.body))
    found.push(
      `body: ${row.body instanceof RegExp ? row.body.toString() : shown(row.body)}, not ${shown(came.body)}`,
    );
  return found;
}

function sameBody(want: string | Uint8Array | RegExp, came: Uint8Array): boolean {
  if (want instanceof RegExp) return Buffer.from(came).toString().search(want) >= 0;
  return Buffer.compare(Buffer.from(want), came) === 0;
}

// Parameters of one name keep their order: `scope=a&scope=b` is a list.
function inOrder(line: string): string {
  const start = line.indexOf('?');
  if (start < 0) return line;
  const name = (parameter: string): string => parameter.split('=', 1).join();
  const sorted = line
    .slice(start + 1)
    .split('&')
    .toSorted((a, b) => (name(a) < name(b) ? -1 : Number(name(a) > name(b))));
  return `${line.slice(0, start)}?${sorted.join('&')}`;
}

function shown(bytes: string | Uint8Array): string {
  const start = Buffer.from(bytes).subarray(0, 80).toString();
  return `${Buffer.byteLength(bytes)} bytes ${JSON.stringify(start)}`;
}
