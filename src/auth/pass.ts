import { errorCode, isDenied, RegistryError, type ErrorFacts } from '../registry/index.ts';
import { redactUrl, type TransportRequest, type TransportResponse } from '../transport/index.ts';
import type { Keyring } from './keyring.ts';
import { basicAuthorization } from './login.ts';
import type { BearerWay, Way } from './offer.ts';
import { refusedLogin, refusedToken, wordsOf } from './refusal.ts';
import { formatScope, repositoryOf, type Scope } from './scope.ts';
import type { HeldToken } from './token-cache.ts';

/** One request on its way in. */
export interface Visit {
  readonly keyring: Keyring;
  readonly request: TransportRequest;
  /** What it needs. */
  readonly scope: Scope;
  readonly allowRealms: readonly string[];
  /** Whose credentials are used, where tokens are kept between processes. */
  readonly account: string | undefined;
}

/** What a request is sent with. */
export type Pass =
  { readonly kind: 'none'; readonly refusal?: TokenRefusal } | TokenPass | Exclude<Way, BearerWay>;

/** A token. */
export interface TokenPass {
  readonly kind: 'token';
  readonly token: HeldToken;
  /** It was asked for while this request waited. */
  readonly fresh: boolean;
  /** Why it is one for everybody, where there should be credentials. */
  readonly problem?: RegistryError | undefined;
}

/** A pass that shows something. */
export type GivenPass = Exclude<Pass, { kind: 'none' }>;

/** A token that was asked for in advance, and not given. */
export interface TokenRefusal {
  readonly way: BearerWay;
  readonly scope: string;
  readonly error: unknown;
}

/** The request with its pass shown. */
export function withPass(request: TransportRequest, pass: Pass): TransportRequest {
  const authorization = authorizationOf(pass);
  return authorization === undefined
    ? request
    : { ...request, headers: { ...request.headers, authorization } };
}

/** The value of `Authorization` that shows a pass. */
export function authorizationOf(pass: Pass): string | undefined {
  switch (pass.kind) {
    case 'none':
      return undefined;
    case 'token':
      return `Bearer ${pass.token.value}`;
    case 'static':
      return `Bearer ${pass.registryToken}`;
    case 'basic':
      return basicAuthorization(pass.credentials);
  }
}

/** The error for a 401 to a request with a pass that could not be better. Reads the answer for the server's words. */
export async function refusedPass(
  visit: Visit,
  pass: GivenPass,
  response: TransportResponse,
): Promise<RegistryError> {
  const { keyring, request, scope } = visit;
  const credentials = pass.kind === 'token' ? pass.token.credentials : pass.credentials;
  const refusal = {
    host: request.url.host,
    credentials,
    words: await wordsOf(response, credentials, pass.kind === 'token' ? pass.token.value : undefined),
    facts: factsOf(visit),
  };
  if (pass.kind === 'token') {
    // Nor is it to be tried by a later process.
    await keyring.refuse(pass.token, scope, undefined);
    return withProblem(visit, refusedToken(formatScope(scope), refusal), pass.problem);
  }
  await keyring.identities.forget();
  return refusedLogin(refusal);
}

/** Nobody in particular was refused, because credentials could not be had: then that is what has to be mended. */
export function withProblem<E>(
  visit: Visit,
  error: E,
  problem: RegistryError | undefined,
): E | RegistryError {
  if (problem === undefined || !isDenied(error) || errorCode(error) === problem.code) return error;
  const message = `${problem.message}; without credentials ${visit.request.url.host} lets nobody in`;
  return new RegistryError(problem.code, message, { ...factsOf(visit), status: 401, cause: error });
}

/** What every error about a visit says of it. */
export function factsOf({ request, scope }: Visit): ErrorFacts {
  const repository = repositoryOf(scope);
  return {
    method: request.method,
    url: redactUrl(request.url),
    ...(repository !== undefined && { repository }),
  };
}
