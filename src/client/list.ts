import { catalogScope, repositoryScope } from '../auth/index.ts';
import { printable } from '../oci/index.ts';
import { formatRoute, type Route } from '../protocol/index.ts';
import { checkRepository, type ListOptions, type Registry } from '../registry/index.ts';
import { pages } from './page.ts';
import type { Call, Session } from './session.ts';

/** How long names are at the most. */
const LONGEST = { repositories: 255, tags: 128 } as const;
/** What a name can be made of anywhere. Registries have looser grammars than the specification, and those names pass. */
const VISIBLE = /^[\x21-\x7e]+$/;

export function listOperations(session: Session): Pick<Registry, 'repositories' | 'tags'> {
  return {
    repositories: (options) => names(session, { kind: 'catalog' }, 'repositories', options),
    async *tags(repository, options) {
      checkRepository(repository);
      yield* names(session, { kind: 'tags', repository }, 'tags', options);
    },
  };
}

async function* names(
  session: Session,
  route: Extract<Route, { kind: 'catalog' | 'tags' }>,
  field: 'repositories' | 'tags',
  { after, pageSize = session.pageSize, goOn, signal }: ListOptions = {},
): AsyncGenerator<string> {
  const call: Call = {
    method: 'GET',
    route,
    query: query(pageSize, after),
    scope: route.kind === 'catalog' ? catalogScope : repositoryScope(route.repository, 'pull'),
    signal,
  };
  const seen = new Set<string>();
  let fresh: string | undefined;
  let [length, before] = [0, 0];
  // Without a link, a page that is exactly full may have a successor. A longer one is the whole list, from a
  // registry that does not page, and one that brings nothing new is the same page again.
  const follow = (): URL | undefined => {
    if (fresh === undefined || length !== pageSize) return undefined;
    const url = new URL(session.base.pathname.replace(/\/$/, '') + formatRoute(route), session.base);
    url.search = query(pageSize, fresh).toString();
    return url;
  };
  for await (const { document, next } of pages(session, call, { follow, fresh: () => seen.size > before })) {
    const page = read(session, call, document, field);
    length = page.length;
    before = seen.size;
    // docker-registry sends all there is in one page, in no order. What comes in pages has the registry's own.
    const whole = seen.size === 0 && next === undefined && length !== pageSize;
    fresh = undefined;
    for (const name of whole ? page.toSorted() : page) {
      if (seen.has(name)) continue;
      seen.add(name);
      if (after !== undefined && precedes(name, after)) continue;
      fresh = name;
      yield name;
    }
    if ((next ?? follow()) !== undefined && goOn?.() === false) return;
  }
}

/**
 * Whether a name cannot come after another, as in the answer of a registry that does not heed `last`. Registries
 * may order by bytes or regardless of case, so only what both agree on is left out.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-tags
 */
function precedes(name: string, after: string): boolean {
  return name <= after && name.toLowerCase() <= after.toLowerCase();
}

function query(pageSize: number, last: string | undefined): URLSearchParams {
  return new URLSearchParams({ n: String(pageSize), ...(last !== undefined && { last }) });
}

/**
 * The names on a page; `null` is how Go writes an empty list. What can be no name anywhere is refused: it would be
 * printed to terminals, and put into addresses.
 */
function read(
  session: Session,
  call: Call,
  document: unknown,
  field: 'repositories' | 'tags',
): readonly string[] {
  const list =
    typeof document === 'object' && document !== null
      ? (document as Record<string, unknown>)[field]
      : undefined;
  if (list === null) return [];
  if (!Array.isArray(list) || !list.every((name) => typeof name === 'string')) {
    throw session.invalid(call, 'RESPONSE_INVALID', `the list has no "${field}" that are texts`);
  }
  const bad = list.find((name) => name.length > LONGEST[field] || !VISIBLE.test(name));
  if (bad !== undefined)
    throw session.invalid(call, 'RESPONSE_INVALID', `the list has a name that is none: "${printable(bad)}"`);
  return list;
}
