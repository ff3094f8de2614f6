import { mediaTypes, type Descriptor } from '../oci/index.ts';
import { fields, formatNextLink, formatRoute, type Route } from '../protocol/index.ts';
import { RegistryError, type ListOptions } from '../registry/index.ts';
import { single, type Exchange, type ServerReply } from './request.ts';

/** Names in a page, whatever was asked for: a page is built in memory. */
const MOST_NAMES = 10_000;
/** Bytes in a page of referrers: as large as a manifest may be, since clients read it as one. */
const MOST_BYTES = 4 * 1024 * 1024 - 1024;
const MOST_REFERRERS = 100_000;

/** GET of all repositories. */
export async function listRepositories(
  exchange: Exchange,
  route: Extract<Route, { kind: 'catalog' }>,
): Promise<ServerReply> {
  const page = await readPage(exchange, (options) => exchange.registry.repositories(options));
  return reply(route, { repositories: page.names }, page);
}

/** GET of a repository's tags. */
export async function listTags(
  exchange: Exchange,
  route: Extract<Route, { kind: 'tags' }>,
): Promise<ServerReply> {
  const page = await readPage(exchange, (options) => exchange.registry.tags(route.repository, options));
  return reply(route, { name: route.repository, tags: page.names }, page);
}

/** GET of a manifest's referrers. Never 404: to have none is not to be unknown. */
export async function listReferrers(
  exchange: Exchange,
  route: Extract<Route, { kind: 'referrers' }>,
): Promise<ServerReply> {
  const { registry, request, query } = exchange;
  const artifactType = single(query, 'artifactType', 'UNSUPPORTED');
  const after = single(query, 'last', 'UNSUPPORTED') ?? '';
  const all: Descriptor[] = [];
  const options = { signal: request.signal, ...(artifactType !== undefined && { artifactType }) };
  for await (const referrer of registry.referrers(route.repository, route.digest, options)) {
    // To end the list here would hide the rest, and who looks for a signature would find none.
    if (all.push(referrer) > MOST_REFERRERS)
      throw new RegistryError(
        'UNSUPPORTED',
        `there are more than ${MOST_REFERRERS} referrers; ask for those of one artifactType`,
        { status: 400 },
      );
  }
  all.sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const { page, last } = firstPage(all.filter(({ digest }) => digest > after));
  const link = new URLSearchParams({
    ...(artifactType !== undefined && { artifactType }),
    ...(last !== undefined && { last }),
  });
  return {
    ...json({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: page }, mediaTypes.ociIndex, {
      ...(artifactType !== undefined && { [fields.filtersApplied]: 'artifactType' }),
      ...(last !== undefined && { link: formatNextLink(`${formatRoute(route)}?${link}`) }),
    }),
  };
}

interface Page {
  readonly names: readonly string[];
  /** How many were asked for, if there are more. */
  readonly more: number | undefined;
}

async function readPage(
  { request, query }: Exchange,
  list: (options: ListOptions) => AsyncIterable<string>,
): Promise<Page> {
  const wanted = readCount(single(query, 'n', 'UNSUPPORTED'));
  const after = single(query, 'last', 'UNSUPPORTED');
  const limit = Math.min(wanted ?? MOST_NAMES, MOST_NAMES);
  const names: string[] = [];
  const options: ListOptions = {
    signal: request.signal,
    pageSize: limit + 1,
    ...(after !== undefined && { after }),
  };
  for await (const name of list(options)) {
    if (names.length === limit) return { names, more: limit };
    names.push(name);
  }
  return { names, more: undefined };
}

function readCount(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,40}$/.test(text)) return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
  throw new RegistryError('UNSUPPORTED', 'the parameter "n" must be a number of names', { status: 400 });
}

function reply(route: Route, document: object, { names, more }: Page): ServerReply {
  const last = names.at(-1);
  // Who asks for none is told of no more.
  if (more === undefined || last === undefined) return json(document, 'application/json', {});
  const query = new URLSearchParams({ n: String(more), last });
  return json(document, 'application/json', { link: formatNextLink(`${formatRoute(route)}?${query}`) });
}

function json(document: object, mediaType: string, headers: Readonly<Record<string, string>>): ServerReply {
  const body = new TextEncoder().encode(JSON.stringify(document));
  return {
    status: 200,
    headers: { 'content-type': mediaType, 'content-length': String(body.length), ...headers },
    body,
  };
}

/** As many as fit into a page, and where the next one begins. */
function firstPage(all: readonly Descriptor[]): {
  readonly page: readonly Descriptor[];
  readonly last?: string;
} {
  let size = 0;
  for (const [at, referrer] of all.entries()) {
    size += Buffer.byteLength(JSON.stringify(referrer)) + 1;
    const last = all[at - 1]?.digest;
    if (size > MOST_BYTES && last !== undefined) return { page: all.slice(0, at), last };
  }
  return { page: all };
}
