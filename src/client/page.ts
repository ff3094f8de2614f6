import { nextLink } from '../protocol/index.ts';
import { RegistryError } from '../registry/index.ts';
import {
  headerValues,
  readBounded,
  redactUrl,
  sameOrigin,
  type TransportResponse,
} from '../transport/index.ts';
import type { Call, Session } from './session.ts';

/** A page may be this long, in bytes. */
const PAGE_LIMIT = 8 * 1024 * 1024;
const MOST_PAGES = 10_000;

/** One page of a list. */
export interface Page {
  readonly document: unknown;
  readonly response: TransportResponse;
  /** Where the next one is, if the registry says so. */
  readonly next: URL | undefined;
}

/**
 * Reads the pages of a list, as long as there is a link to the next. A link is believed before the length of a page:
 * registries may send short pages, and do.
 * @param follow what to ask for when there is no link; gives undefined at the end
 * @throws {RegistryError} `PAGINATION_REFUSED` for links to elsewhere, or in circles.
 */
export async function* pages(
  session: Session,
  first: Call,
  follow: (page: Page) => URL | undefined = () => undefined,
): AsyncGenerator<Page> {
  const seen = new Set<string>();
  let call: Call | undefined = first;
  for (let count = 0; call !== undefined; count++) {
    if (count === MOST_PAGES) throw refused(first, `more than ${MOST_PAGES} pages`);
    const response: TransportResponse = await session.call(call, 200);
    const page: Page = {
      document: await read(session, call, response),
      response,
      next: linkOf(call, response),
    };
    yield page;
    const next: URL | undefined = page.next ?? follow(page);
    if (next !== undefined && seen.has(next.href))
      throw refused(first, 'the link to the next page goes in a circle');
    if (next !== undefined) seen.add(next.href);
    call = next === undefined ? undefined : { ...withoutQuery(first), url: next };
  }
}

function withoutQuery({ query: _, ...call }: Call): Call {
  return call;
}

async function read(session: Session, call: Call, response: TransportResponse): Promise<unknown> {
  const bytes = await readBounded(response, PAGE_LIMIT);
  if (bytes === undefined)
    throw session.invalid(call, 'RESPONSE_INVALID', `the page has more than ${PAGE_LIMIT} bytes`);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw session.invalid(call, 'RESPONSE_INVALID', 'the list is not JSON');
  }
}

function linkOf(call: Call, response: TransportResponse): URL | undefined {
  const target = nextLink(headerValues(response.headers, 'link'));
  if (target === undefined) return undefined;
  if (!URL.canParse(target, response.url.href)) throw refused(call, 'the link to the next page is not a URL');
  const url = new URL(target, response.url);
  // With the request go credentials, so it goes nowhere else.
  if (!sameOrigin(url, response.url)) throw refused(call, `the link to the next page leads to ${url.host}`);
  return url;
}

function refused({ method, url }: Call, why: string): RegistryError {
  return new RegistryError('PAGINATION_REFUSED', why, {
    method,
    ...(url !== undefined && { url: redactUrl(url) }),
  });
}
