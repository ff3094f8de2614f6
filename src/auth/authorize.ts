import {
  sameOrigin,
  type Listener,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from '../transport/index.ts';
import { noCredentials, type CredentialSource } from './credentials.ts';
import { earnPass, learnOffer } from './earn.ts';
import type { TokenEvent } from './event.ts';
import { foreseePass } from './foresee.ts';
import { createKeyring, type Keyring } from './keyring.ts';
import { authorizationOf, refusedPass, withPass, type Pass, type Visit } from './pass.ts';
import { prepareTokens } from './prepare.ts';
import { noScope, type Scope } from './scope.ts';
import type { TokenStore } from './token-store.ts';

/** Sends requests with the authorization that they turn out to need. */
export interface Authorizer {
  /**
   * Sends a request; answers a 401 once, with a token or a password; and remembers, so that the next request
   * needs no 401. Credentials are looked up only after a 401 (where tokens are kept between processes, files are looked
   * at before, to see whose they are), and go to no other origin than the one that asked.
   * Of requests that come at once to an origin that has not answered yet, one goes first and the others wait for its
   * answer.
   * @param scope what the request needs
   * @returns the answer; a 401 only from another origin, if the request was redirected there
   * @throws {RegistryError} `UNAUTHORIZED`; `DENIED` after a 401 to a token that was just got; `AUTH_REALM_REFUSED`;
   * `AUTH_TOKEN_INVALID`; `CREDENTIALS_INVALID`; `TOOMANYREQUESTS`; and what the transport throws.
   * @see https://distribution.github.io/distribution/spec/auth/token/
   */
  send(request: TransportRequest, scope: Scope): Promise<TransportResponse>;
  /**
   * Gets tokens for many scopes in advance, several with one request where the token server takes that. What it
   * refuses is asked for again when it is needed, and the reason told then.
   * @param question what to send to the registry if nothing is known of it: a ping
   * @throws {RegistryError} as `send`, but for refusals.
   */
  prepare(question: TransportRequest, scopes: readonly Scope[]): Promise<void>;
  /**
   * What requests are sent with, as the value of `Authorization`.
   * @param questions what to send to the registry, one after the other, until one of them is answered with a 401
   * @returns undefined if nobody asks who we are.
   * @throws {RegistryError} as `send`.
   */
  authorization(questions: readonly TransportRequest[], scope: Scope): Promise<string | undefined>;
}

/** Settings of an authorizer. */
export interface AuthorizerOptions {
  /** Nobody, unless told. */
  readonly credentials?: CredentialSource;
  /** What token servers are told; requests to the registry have their own. */
  readonly userAgent?: string;
  /** Hosts, with or without port, of token servers that may be given credentials though they are on other sites. */
  readonly allowRealms?: readonly string[];
  /** Where tokens are kept between processes: `tokenFiles(folder)`. Nowhere, unless told. */
  readonly keptTokens?: TokenStore;
  /** Is told of each token that was got, and of those kept by earlier processes when they are used first. */
  readonly onEvent?: Listener<TokenEvent>;
  /** The time in milliseconds, of a clock that does not jump; `performance.now` unless told. */
  readonly now?: () => number;
  /** The time in milliseconds since 1970, for what is kept between processes; `Date.now` unless told. */
  readonly date?: () => number;
}

/**
 * Makes an authorizer. What it knows, it knows of each origin (scheme, host, port) by itself.
 * @param transport follows redirects, and leaves `Authorization` behind where they change the origin
 */
export function createAuthorizer(transport: Transport, options: AuthorizerOptions = {}): Authorizer {
  const {
    credentials: source = noCredentials,
    userAgent,
    allowRealms = [],
    keptTokens: store,
    onEvent = () => {},
    now = () => performance.now(),
    date = Date.now,
  } = options;
  const keyrings = new Map<string, Keyring>();
  const keyringOf = (url: URL): Keyring => {
    const common = { transport, source, userAgent, now, date, store, onEvent };
    const keyring = keyrings.get(url.origin) ?? createKeyring(url, common);
    keyrings.set(url.origin, keyring);
    return keyring;
  };

  const visitFor = async (request: TransportRequest, scope: Scope): Promise<Visit> => {
    const keyring = keyringOf(request.url);
    const account = await keyring.recall(scope, request.signal);
    return { keyring, request, scope, allowRealms, account };
  };

  /** Sends a request with what is known to be needed; and learns from a 401, before anybody else goes on. */
  const attempt = async (visit: Visit): Promise<Attempt> => {
    const { keyring, request } = visit;
    const leave = keyring.offer === undefined ? await keyring.first.enter(request) : undefined;
    try {
      const first = await foreseePass(visit);
      const since = keyring.tokens.last;
      const response = await transport(withPass(request, first));
      const refused = isOurs401(response, request);
      if (refused) learnOffer(visit, response);
      return { first, since, response, refused };
    } finally {
      leave?.();
    }
  };

  return {
    async send(request, scope) {
      const visit = await visitFor(request, scope);
      let tried = await attempt(visit);
      if (isOutdated(tried, request)) {
        await tried.response.discard();
        await visit.keyring.refuse(tried.first.token, scope, undefined);
        tried = await attempt(visit);
      }
      if (!tried.refused) return tried.response;
      const second = await earnPass(visit, tried).catch(afterDiscarding(tried.response));
      const again = await transport(withPass(request, second));
      if (!isOurs401(again, request)) return wasHeard(tried) ? { ...again, repeated: true } : again;
      throw await refusedPass(visit, second, again);
    },
    async prepare(question, scopes) {
      const visit = await visitFor(question, scopes[0] ?? noScope);
      const { keyring } = visit;
      // Whose credentials they will be for can be seen while the registry is asked.
      const recalled = Promise.allSettled(scopes.map((each) => keyring.recall(each, undefined)));
      if (keyring.offer === undefined) await (await attempt(visit)).response.discard();
      await recalled;
      await prepareTokens({ keyring, request: question, scopes, allowRealms });
    },
    async authorization(questions, scope) {
      for (const question of questions) {
        const visit = await visitFor(question, scope);
        const known = await foreseePass(visit);
        if (known.kind !== 'none') return authorizationOf(known);
        // The registry has no better reason.
        if (known.refusal !== undefined) throw known.refusal.error;
        const tried = await attempt(visit);
        if (tried.refused)
          return authorizationOf(await earnPass(visit, tried).catch(afterDiscarding(tried.response)));
        await tried.response.discard();
        if (tried.first.kind !== 'none') return authorizationOf(tried.first);
      }
      return undefined;
    },
  };
}

/**
 * Whether a token of an earlier process was refused as not enough. What its account may do can have changed since; of a
 * token of this process, a new one would say the same.
 */
function isOutdated(
  tried: Attempt,
  { body }: TransportRequest,
): tried is Attempt & { readonly first: Extract<Pass, { kind: 'token' }> } {
  const { first, response } = tried;
  return response.status === 403 && first.kind === 'token' && first.token.kept && body?.replayable !== false;
}

/** A request's first try. */
interface Attempt {
  readonly first: Pass;
  readonly since: number;
  readonly response: TransportResponse;
  /** By a 401 of the origin that was asked. */
  readonly refused: boolean;
}

/** Whether the registry may have done, for the pass that it now refuses, what was asked for: tokens end between retries. */
function wasHeard({ first, response }: Attempt): boolean {
  return first.kind !== 'none' && response.repeated === true;
}

function afterDiscarding(response: TransportResponse): (error: unknown) => Promise<never> {
  return async (error) => {
    await response.discard();
    throw error;
  };
}

// Where a redirect led to another origin, that origin's 401 is no reason to tell it who we are.
function isOurs401(response: TransportResponse, request: TransportRequest): boolean {
  return response.status === 401 && sameOrigin(response.url, request.url);
}
