/** What may be done with one resource. */
export interface ResourceScope {
  /** `repository`, `registry`; or a whole scope that is not of the form `type:name:actions`, kept as it is. */
  readonly type: string;
  readonly name: string;
  /** Sorted, each once. */
  readonly actions: readonly string[];
}

/**
 * What a token is asked for: a set of resource scopes, each resource once, in a fixed order. The functions of this
 * file make them so; none changes what it is given.
 * @see https://distribution.github.io/distribution/spec/auth/scope/
 */
export type Scope = readonly ResourceScope[];

/** Asks for nothing, as `GET /v2/` needs. */
export const noScope: Scope = [];

/** Lists all repositories. */
export const catalogScope: Scope = [{ type: 'registry', name: 'catalog', actions: ['*'] }];

/** Does these things with a repository: `pull`, `push`, `delete`. */
export function repositoryScope(repository: string, ...actions: readonly string[]): Scope {
  return actions.length === 0
    ? noScope
    : [{ type: 'repository', name: repository, actions: sortedSet(actions) }];
}

/** All that any of the scopes allows. */
export function unionScopes(...scopes: readonly Scope[]): Scope {
  const merged = new Map<string, ResourceScope>();
  for (const resource of scopes.flat()) {
    const key = keyOf(resource);
    const known = merged.get(key);
    merged.set(key, { ...resource, actions: sortedSet([...(known?.actions ?? []), ...resource.actions]) });
  }
  return [...merged].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, resource]) => resource);
}

/**
 * Whether whoever holds `outer` may do all of `inner`. Actions are compared as words: `push` does not contain
 * `pull`, nor `*` anything but itself, because what servers mean by them differs.
 */
export function containsScope(outer: Scope, inner: Scope): boolean {
  return inner.every((wanted) => {
    const held = outer.find(({ type, name }) => name === wanted.name && type === wanted.type);
    return held !== undefined && wanted.actions.every((action) => held.actions.includes(action));
  });
}

/** What is left of a scope without the resources of another, whatever the actions. */
export function withoutResources(scope: Scope, others: Scope): Scope {
  const taken = new Set(others.map(keyOf));
  return scope.filter((resource) => !taken.has(keyOf(resource)));
}

/** Whether nothing but reading from repositories is asked for. */
export function isReading(scope: Scope): boolean {
  return scope.every(
    ({ type, actions }) => type === 'repository' && actions.every((action) => action === 'pull'),
  );
}

/** The scope as one text, the same for equal scopes: `repository:a:pull,push repository:b:pull`. */
export function formatScope(scope: Scope): string {
  return scopeWords(scope).join(' ');
}

/** The text of each resource scope: token servers get one parameter each. */
export function scopeWords(scope: Scope): readonly string[] {
  return unionScopes(scope).map(({ type, name, actions }) =>
    actions.length === 0 ? type : `${type}:${name}:${actions.join(',')}`,
  );
}

/** Reads any text as a scope. Words that are not of the form `type:name:actions` are kept as they are. */
export function parseScope(text: string): Scope {
  return unionScopes(
    text
      .split(/[ \t]/)
      .filter((word) => word !== '')
      .map(parseWord),
  );
}

// A name may have colons of its own (`repository:localhost:5000/x:pull`): the outer two count.
function parseWord(word: string): ResourceScope {
  const first = word.indexOf(':');
  const last = word.lastIndexOf(':');
  const actions = sortedSet(word.slice(last + 1).split(','));
  if (first < 1 || last <= first + 1 || actions.length === 0) return { type: word, name: '', actions: [] };
  return { type: word.slice(0, first), name: word.slice(first + 1, last), actions };
}

/** The repository that a scope is about: of two, as in a mount, the one that is written to. */
export function repositoryOf(scope: Scope): string | undefined {
  const repositories = scope.filter(({ type }) => type === 'repository');
  return (repositories.find(({ actions }) => actions.includes('push')) ?? repositories[0])?.name;
}

function sortedSet(actions: readonly string[]): readonly string[] {
  if (actions.length === 1 && actions[0] !== '') return actions;
  return [...new Set(actions)].filter((action) => action !== '').toSorted();
}

// No word of a scope has a space.
function keyOf({ type, name }: ResourceScope): string {
  return `${type} ${name}`;
}
