import { nextLink } from '../protocol/index.ts';
import type { RegistryError } from '../registry/index.ts';
import { headerValues, sameOrigin, type TransportResponse } from '../transport/index.ts';
import { readDocument } from './document.ts';
import type { Call, Session } from './session.ts';

/** A page may be this long, in bytes. */
const PAGE_LIMIT = 8 * 1024 * 1024;
const MOST_PAGES = 10_000;
/** So many pages in a row may bring nothing new: one that is empty, or came before, is no attack yet. */
const MOST_BARREN = 2;

/** One page of a list. */
export interface Page {
  readonly document: unknown;
  readonly response: TransportResponse;
  /** Where the next one is, if the registry says so. */
  readonly next: URL | undefined;
}

/** How a list goes on. */
export interface PageWalk {
  /** Whether the page that was read last has brought anything new. */
  readonly fresh: () => boolean;
  /** What to ask for when there is no link; gives undefined at the end. */
  readonly follow?: () => URL | undefined;
}

/**
 * Reads the pages of a list, as long as there is a link to the next. A link is believed before the length of a page:
 * registries may send short pages, and do.
 * @throws {RegistryError} `PAGINATION_REFUSED` for links to elsewhere, in circles, or to nothing new without end.
 */
export async function* pages(
  session: Session,
  first: Call,
  { fresh, follow = () => undefined }: PageWalk,
): AsyncGenerator<Page> {
  const seen = new Set<string>();
  const refuse = (why: string): RegistryError => session.invalid(first, 'PAGINATION_REFUSED', why);
  let call: Call | undefined = first;
  let barren = 0;
  for (let count = 0; call !== undefined; count++) {
    if (count === MOST_PAGES) throw refuse(`the list has more than ${MOST_PAGES} pages`);
    const { response, bytes } = await readDocument(session, call, 'the page', PAGE_LIMIT);
    const link = linkOf(response, refuse);
    yield { document: parse(session, call, bytes), response, next: link };
    const next: URL | undefined = link ?? follow();
    barren = fresh() ? 0 : barren + 1;
    if (next !== undefined && barren > MOST_BARREN)
      throw refuse(`${barren} pages in a row brought nothing new, and there is a link to another`);
    if (next !== undefined && seen.has(next.href)) throw refuse('the link to the next page goes in a circle');
    if (next !== undefined) seen.add(next.href);
    call = next === undefined ? undefined : { ...withoutQuery(first), url: next };
  }
}

function withoutQuery({ query: _, ...call }: Call): Call {
  return call;
}

function parse(session: Session, call: Call, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw session.invalid(call, 'RESPONSE_INVALID', 'the list is not JSON');
  }
}

function linkOf(
  { headers, url: from }: TransportResponse,
  refuse: (why: string) => RegistryError,
): URL | undefined {
  const target = nextLink(headerValues(headers, 'link'));
  if (target === undefined) return undefined;
  if (!URL.canParse(target, from.href)) throw refuse('the link to the next page is not a URL');
  const url = new URL(target, from);
  // With the request go credentials, so it goes nowhere else.
  if (!sameOrigin(url, from)) throw refuse(`the link to the next page leads to ${url.host}`);
  return url;
}
