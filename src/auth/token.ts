import { openable, RegistryError } from '../registry/index.ts';
import {
  redactUrl,
  sameOrigin,
  type RequestBody,
  type Transport,
  type TransportRequest,
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
  readonly userAgent?: string | undefined;
  readonly signal?: AbortSignal;
}

/** What token servers know us by. */
const CLIENT_ID = 'stowage';

/**
 * Asks for a token: with an identity token by POST, as OAuth has it, else by GET, with the user's password if
 * there is one. Servers that know no POST are asked by GET after all.
 * @param now the time in milliseconds, of a clock that does not jump
 * @throws {RegistryError} `UNAUTHORIZED`, `DENIED`, `TOOMANYREQUESTS`, `AUTH_TOKEN_INVALID`; what the transport throws.
 * @see https://distribution.github.io/distribution/spec/auth/token/
 * @see https://distribution.github.io/distribution/spec/auth/oauth/
 */
export async function requestToken(
  transport: Transport,
  request: TokenRequest,
  now: () => number,
): Promise<Token> {
  const { credentials } = request;
  if (credentials?.identityToken !== undefined) {
    const token = await ask(
      transport,
      byRefresh(request, credentials.identityToken),
      request,
      now,
      (status) => {
        return status === 404 || status === 405 || (status === 401 && hasPassword(credentials));
      },
    );
    if (token !== undefined) return token;
  }
  return (await ask(transport, byGet(request), request, now, () => false)) as Token;
}

/** @returns undefined if the answer's status means that another way should be tried. */
async function ask(
  transport: Transport,
  sent: TransportRequest,
  { realm, host, credentials }: TokenRequest,
  now: () => number,
  unsupported: (status: number) => boolean,
): Promise<Token | undefined> {
  const askedAt = now();
  const response = await transport(sent);
  if (!sameOrigin(response.url, realm) && sent.headers['authorization'] !== undefined) {
    // The redirect left the password behind, so that this answer is for nobody in particular.
    await response.discard();
    const message = `${realm.host}, the token server of ${host}, redirects to ${response.url.host}, where credentials do not follow`;
    throw new RegistryError('AUTH_TOKEN_INVALID', message, { method: sent.method, url: redactUrl(realm) });
  }
  if (unsupported(response.status)) {
    await response.discard();
    return undefined;
  }
  return readToken(response, { method: sent.method, realm, host, credentials, askedAt });
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

function byRefresh(
  { realm, service, scopes, userAgent, signal }: TokenRequest,
  identityToken: string,
): TransportRequest {
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: CLIENT_ID });
  if (service) form.append('service', service);
  if (scopes.length > 0) form.append('scope', scopes.join(' '));
  form.append('refresh_token', identityToken);
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
