import { openable, RegistryError } from '../registry/index.ts';
import {
  redactUrl,
  sameOrigin,
  type RequestBody,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from '../transport/index.ts';
import { basicAuthorization, hasPassword, type Credentials } from './login.ts';
import { readToken, type Token } from './token-answer.ts';

/** What a token server is asked. */
export interface TokenRequest {
  /** Where it is; a URL that `checkRealm` let pass. */
  readonly realm: URL;
  /** The registry's host, for messages. */
  readonly host: string;
  readonly service?: string | undefined;
  /** Each becomes a parameter of its own. */
  readonly scopes: readonly string[];
  readonly credentials?: Credentials | undefined;
  /** The way that worked before, with this server and service. */
  readonly grant?: Grant | undefined;
  readonly userAgent?: string | undefined;
  readonly signal?: AbortSignal;
}

/** What token servers know us by. */
const CLIENT_ID = 'stowage';

/** How a token server is asked: with a refresh token by POST, by GET, or with a password by POST. */
export type Grant = 'refresh' | 'get' | 'password';

/** A token, and the way of asking that got it. */
export interface Granted extends Token {
  readonly grant: Grant;
}

/**
 * Asks for a token: with an identity token by POST, as OAuth has it, else by GET, with the user's password if
 * there is one. Servers that know no POST are asked by GET after all, and those that know no GET for users by POST.
 * @param now the time in milliseconds, of a clock that does not jump
 * @throws {RegistryError} `UNAUTHORIZED`, `DENIED`, `TOOMANYREQUESTS`, `AUTH_TOKEN_INVALID`; what the transport throws.
 * @see https://distribution.github.io/distribution/spec/auth/token/
 * @see https://distribution.github.io/distribution/spec/auth/oauth/
 */
export async function requestToken(
  transport: Transport,
  request: TokenRequest,
  now: () => number,
): Promise<Granted> {
  const grants = grantsFor(request);
  const last = grants.at(-1);
  let first: unknown;
  for (const grant of grants) {
    const askedAt = now();
    const sent = sentFor(grant, request);
    const response = await transport(sent);
    await checkOrigin(response, sent, request);
    try {
      return { ...(await readToken(response, { ...request, method: sent.method, askedAt })), grant };
    } catch (error) {
      const unknown = isUnknown(grant, response.status, request.credentials);
      // Of two answers that this is not the way, the first is about the one that most servers know.
      first ??= error;
      if (!unknown || grant === last) throw unknown ? first : error;
    }
  }
  throw first;
}

/** The ways that are worth a try, the one that is known to work before the others. */
function grantsFor({ credentials, grant: known }: TokenRequest): readonly Grant[] {
  const grants: readonly Grant[] = [
    ...(credentials?.identityToken === undefined ? [] : (['refresh'] as const)),
    'get',
    ...(hasPassword(credentials) ? (['password'] as const) : []),
  ];
  return known === undefined ? grants : grants.toSorted((a, b) => Number(b === known) - Number(a === known));
}

/** Whether an answer may mean that the server does not know this way, or not this secret where there is another. */
function isUnknown(grant: Grant, status: number, credentials: Credentials | undefined): boolean {
  if (status === 404 || status === 405) return true;
  if (!hasPassword(credentials)) return false;
  return status === 400 || (status === 401 && grant === 'refresh');
}

function sentFor(grant: Grant, request: TokenRequest): TransportRequest {
  const { identityToken = '', username = '', password = '' } = request.credentials ?? {};
  switch (grant) {
    case 'get':
      return byGet(request);
    case 'refresh':
      return byPost(request, 'refresh_token', { refresh_token: identityToken });
    case 'password':
      return byPost(request, 'password', { username, password });
  }
}

/** A redirect leaves the password behind, so that the answer of where it leads is for nobody in particular. */
async function checkOrigin(
  response: TransportResponse,
  { method, headers }: TransportRequest,
  { realm, host }: TokenRequest,
): Promise<void> {
  if (sameOrigin(response.url, realm) || headers['authorization'] === undefined) return;
  await response.discard();
  const message = `${realm.host}, the token server of ${host}, redirects to ${response.url.host}, where credentials do not follow`;
  throw new RegistryError('AUTH_TOKEN_INVALID', message, { method, url: redactUrl(realm) });
}

function byGet({ realm, service, scopes, credentials, userAgent, signal }: TokenRequest): TransportRequest {
  const url = new URL(realm);
  if (service) url.searchParams.append('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  const user = hasPassword(credentials) ? credentials : undefined;
  if (user !== undefined) url.searchParams.append('account', user.username);
  return {
    method: 'GET',
    url,
    headers: {
      ...headers(userAgent),
      ...(user !== undefined && { authorization: basicAuthorization(user) }),
    },
    ...(signal !== undefined && { signal }),
  };
}

function byPost(
  { realm, service, scopes, userAgent, signal }: TokenRequest,
  grantType: string,
  secrets: Readonly<Record<string, string>>,
): TransportRequest {
  const form = new URLSearchParams({ grant_type: grantType, client_id: CLIENT_ID });
  if (service) form.append('service', service);
  if (scopes.length > 0) form.append('scope', scopes.join(' '));
  for (const [name, secret] of Object.entries(secrets)) form.append(name, secret);
  const bytes = new TextEncoder().encode(form.toString());
  // Not to be sent again: a redirect would carry the secret, which is in the body, to wherever it leads.
  const body: RequestBody = { ...openable(bytes), replayable: false };
  return {
    method: 'POST',
    url: realm,
    headers: { ...headers(userAgent), 'content-type': 'application/x-www-form-urlencoded' },
    body,
    ...(signal !== undefined && { signal }),
  };
}

function headers(userAgent: string | undefined): Record<string, string> {
  return { accept: 'application/json', ...(userAgent !== undefined && { 'user-agent': userAgent }) };
}
