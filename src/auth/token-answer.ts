import { printable } from '../oci/index.ts';
import { parseRetryAfter } from '../protocol/index.ts';
import { RegistryError, type ErrorCode, type ErrorFacts } from '../registry/index.ts';
import { headerValue, readBounded, redactUrl, type TransportResponse } from '../transport/index.ts';
import type { Credentials } from './login.ts';
import { whoseOf, wordsOf } from './refusal.ts';
import { parseSecretObject, type SecretObject } from './secret-json.ts';

/** What a token server gave. */
export interface Token {
  readonly value: string;
  /** Until when it is good, in milliseconds on the clock that was handed in. */
  readonly goodUntil: number;
  /** The refresh token to use from now on, if the server changed it. */
  readonly identityToken?: string;
}

/** Who was asked, for whom, and when. */
export interface TokenQuestion {
  readonly method: string;
  readonly realm: URL;
  /** The registry's host. */
  readonly host: string;
  readonly credentials?: Credentials | undefined;
  /** When the request was sent, in milliseconds on a clock that does not jump. */
  readonly askedAt: number;
}

/** The body's limit, in bytes. */
const LONGEST = 64 * 1024;
/** In seconds: what the specification says of answers that do not tell. */
const DEFAULT_LIFE = 60;
/** In seconds, a year: no token lives so long. */
const LONGEST_LIFE = 366 * 24 * 60 * 60;
/** In seconds: how long before its end a token is no longer used, so that it does not end on the way. */
const MARGIN = 10;

/**
 * Reads the answer of a token server.
 * @throws {RegistryError} `UNAUTHORIZED`, `DENIED`, `TOOMANYREQUESTS`; for all else `AUTH_TOKEN_INVALID` with the cause.
 * @see https://distribution.github.io/distribution/spec/auth/token/#token-response-fields
 */
export async function readToken(response: TransportResponse, question: TokenQuestion): Promise<Token> {
  if (response.status < 200 || response.status > 299) throw await refusal(response, question);
  const contentType = headerValue(response.headers, 'content-type') ?? 'unknown';
  const body = await readBounded(response, LONGEST);
  if (body === undefined) throw invalid(question, `its answer is longer than ${LONGEST} bytes`);
  const document = parseSecretObject(body);
  if (typeof document === 'string')
    throw invalid(question, `its answer (${printable(contentType, 60)}) is ${document}`);
  const refreshed = document['refresh_token'];
  return {
    value: readValue(document, question),
    goodUntil: question.askedAt + usableSeconds(document, headerValue(response.headers, 'date')) * 1000,
    ...(isHeaderText(refreshed) && { identityToken: refreshed }),
  };
}

// Both names are in use. Where both are there they are equal, or should be.
function readValue({ access_token: oauth, token }: SecretObject, question: TokenQuestion): string {
  const value = oauth === undefined || oauth === null || oauth === '' ? token : oauth;
  if (value === undefined || value === null || value === '')
    throw invalid(question, 'its answer has no token');
  if (typeof value !== 'string') throw invalid(question, 'the token is not a text');
  if (!isHeaderText(value)) throw invalid(question, 'the token has characters that no header may have');
  return value;
}

function isHeaderText(value: unknown): value is string {
  return typeof value === 'string' && /^[\x20-\x7e]+$/.test(value);
}

/**
 * Counted by our own clock, from when the token was asked for. One that was issued earlier has lived for as long as
 * `issued_at` lies before the `Date` of the same answer: both are of the server's clock, which may be wrong by years.
 */
function usableSeconds(
  { expires_in: expiresIn, issued_at: issuedAt }: SecretObject,
  date: string | undefined,
): number {
  const sensible = typeof expiresIn === 'number' && expiresIn > 0 && expiresIn <= LONGEST_LIFE;
  const life = sensible ? expiresIn : DEFAULT_LIFE;
  const age = typeof issuedAt === 'string' ? (Date.parse(date ?? '') - Date.parse(issuedAt)) / 1000 : 0;
  const left = age > 0 && age < life ? life - age : life;
  return left - Math.min(MARGIN, left / 2);
}

async function refusal(response: TransportResponse, question: TokenQuestion): Promise<RegistryError> {
  const { host, credentials, method, realm } = question;
  const { status } = response;
  const retryAfter = parseRetryAfter(headerValue(response.headers, 'retry-after'));
  const words = await wordsOf(response, credentials);
  const fail = (code: ErrorCode, message: string): RegistryError =>
    new RegistryError(code, `${message}${words}`, {
      status,
      method,
      url: redactUrl(realm),
      ...(retryAfter !== undefined && { retryAfter }),
    });
  if (status === 401)
    return fail('UNAUTHORIZED', `${realm.host} gives no token for ${host}; ${whoseOf(credentials, host)}`);
  if (status === 403)
    return fail('DENIED', `${realm.host} denies a token for ${host}; ${whoseOf(credentials, host)}`);
  if (status === 429) {
    return fail(
      'TOOMANYREQUESTS',
      `${realm.host} asks for fewer requests${retryAfter === undefined ? '' : `; try again in ${retryAfter} s`}`,
    );
  }
  return invalid(question, `it answered with status ${status}${words}`, { detail: { status } });
}

// Without the status: a token server's 404 does not mean that what was asked of the registry is not there.
function invalid({ realm, host, method }: TokenQuestion, why: string, facts: ErrorFacts = {}): RegistryError {
  const message = `${realm.host}, the token server of ${host}, gave no usable token: ${why}`;
  return new RegistryError('AUTH_TOKEN_INVALID', message, { method, url: redactUrl(realm), ...facts });
}
