import { repositoryScope, type Authorizer } from '../auth/index.ts';
import { formatRoute, type Route } from '../protocol/index.ts';
import type { TransportRequest } from '../transport/index.ts';

/** What is going to be done with a repository. */
export interface Want {
  readonly repository: string;
  /** `pull`, `push`, `delete`. */
  readonly actions: readonly string[];
}

export interface AuthorizeOptions {
  readonly signal?: AbortSignal;
}

/** How a client comes by its authorization. Nobody needs to ask for it: every request does, where it turns out to be needed. */
export interface Authorization {
  /**
   * Gets tokens for many repositories in advance: 25 with each request to the token server, where that takes several.
   * A registry that has not been asked for anything yet is asked (`GET /v2/`) how it lets people in. What the token server
   * refuses is asked for again when it is needed, so that the error says what for.
   * @throws {RegistryError} `UNAVAILABLE`, `TOOMANYREQUESTS`, `CREDENTIALS_INVALID`.
   */
  authorize(wants: readonly Want[], options?: AuthorizeOptions): Promise<void>;
  /**
   * What requests for a repository are sent with, as the value of `Authorization`. It is a secret.
   * @returns undefined where the registry does not ask who we are.
   * @throws {RegistryError} `UNAUTHORIZED`, `DENIED`, `AUTH_REALM_REFUSED`, `AUTH_TOKEN_INVALID`, `CREDENTIALS_INVALID`.
   */
  authorization(want: Want, options?: AuthorizeOptions): Promise<string | undefined>;
}

/** What it is asked with. */
export interface AuthorizationParts {
  readonly base: URL;
  readonly userAgent: string;
  readonly authorizer: Authorizer;
  /** Of the client's options. */
  readonly namespace?: string | undefined;
}

export function authorizationOperations(parts: AuthorizationParts): Authorization {
  const { base, userAgent, authorizer, namespace } = parts;
  const question = (route: Route, { signal }: AuthorizeOptions): TransportRequest => {
    const url = new URL(base.pathname.replace(/\/$/, '') + formatRoute(route), base);
    if (namespace !== undefined) url.searchParams.set('ns', namespace);
    return {
      method: 'GET',
      url,
      headers: { 'user-agent': userAgent },
      ...(signal !== undefined && { signal }),
    };
  };
  return {
    async authorize(wants, options = {}) {
      const scopes = wants.map(({ repository, actions }) => repositoryScope(repository, ...actions));
      if (scopes.length > 0) await authorizer.prepare(question({ kind: 'ping' }, options), scopes);
    },
    authorization({ repository, actions }, options = {}) {
      // Some registries greet everybody, and ask only where a repository is not public.
      const routes: readonly Route[] = [{ kind: 'ping' }, { kind: 'tags', repository }];
      const questions = routes.map((route) => question(route, options));
      return authorizer.authorization(questions, repositoryScope(repository, ...actions));
    },
  };
}
