import { catalogScope, repositoryScope } from '../auth/index.ts';
import { formatRoute, type Route } from '../protocol/index.ts';
import { checkRepository, type ListOptions, type Registry } from '../registry/index.ts';
import { pages } from './page.ts';
import type { Call, Session } from './session.ts';

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
  { after, pageSize = session.pageSize, signal }: ListOptions = {},
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
  let length = 0;
  // Without a link, a page that is exactly full may have a successor. A longer one is the whole list, from a
  // registry that does not page, and one that brings nothing new is the same page again.
  const follow = (): URL | undefined => {
    if (fresh === undefined || length !== pageSize) return undefined;
    const url = new URL(session.base.pathname.replace(/\/$/, '') + formatRoute(route), session.base);
    url.search = query(pageSize, fresh).toString();
    return url;
  };
  for await (const { document } of pages(session, call, follow)) {
    const list = read(session, call, document, field);
    length = list.length;
    fresh = undefined;
    // A registry that does not heed `last` sends what came before it as well.
    const start = after === undefined ? 0 : list.indexOf(after) + 1;
    for (const name of list.slice(start)) {
      if (seen.has(name)) continue;
      seen.add(name);
      fresh = name;
      yield name;
    }
  }
}

function query(pageSize: number, last: string | undefined): URLSearchParams {
  return new URLSearchParams({ n: String(pageSize), ...(last !== undefined && { last }) });
}

/** The names on a page; `null` is how Go writes an empty list. */
function read(session: Session, call: Call, document: unknown, field: string): readonly string[] {
  const list =
    typeof document === 'object' && document !== null
      ? (document as Record<string, unknown>)[field]
      : undefined;
  if (list === null) return [];
  if (!Array.isArray(list) || !list.every((name) => typeof name === 'string')) {
    throw session.invalid(call, 'RESPONSE_INVALID', `the list has no "${field}" that are texts`);
  }
  return list;
}
