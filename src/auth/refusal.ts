/** What is said when a registry or its token server does not let us in. */
import { isObject, printable, type Json } from '../oci/index.ts';
import { RegistryError, type ErrorFacts } from '../registry/index.ts';
import { readBounded, type TransportResponse } from '../transport/index.ts';
import { secretsOf, type Credentials } from './login.ts';

/** As much of a refusal as is worth reading, in bytes. */
const LONGEST = 64 * 1024;
/** In characters: what is shorter is found in any text, and is no token. */
const SHORTEST_TOKEN = 4;

/**
 * A server's own words for a refusal, in brackets, to put behind ours; nothing if it has none. Reads and lets go
 * of the answer; never fails. Words that repeat a secret (Azure quotes bad refresh tokens) are kept out.
 * @param token that was refused, if one was
 */
export async function wordsOf(
  response: TransportResponse,
  credentials: Credentials | undefined,
  token = '',
): Promise<string> {
  const body = await readBounded(response, LONGEST).catch(() => undefined);
  const words = body === undefined ? undefined : findWords(body);
  const secrets = [...secretsOf(credentials), ...(token.length < SHORTEST_TOKEN ? [] : [token])];
  if (words === undefined || secrets.some((secret) => words.includes(secret))) return '';
  return ` (${printable(words, 300)})`;
}

// The specification's form, then Docker Hub's, OAuth's, and what others write.
function findWords(body: Uint8Array): string | undefined {
  let document: Json;
  try {
    document = JSON.parse(new TextDecoder().decode(body)) as Json;
  } catch {
    return undefined;
  }
  if (!isObject(document)) return undefined;
  const errors = document['errors'];
  const first = Array.isArray(errors) ? (errors[0] as Json | undefined) : undefined;
  const { details, error_description: description, message, error } = document;
  const candidates = [isObject(first) ? first['message'] : undefined, details, description, message, error];
  return candidates.find((candidate) => typeof candidate === 'string' && candidate !== '') as
    string | undefined;
}

/** Who is asking, for messages. */
export function whoseOf(credentials: Credentials | undefined, host: string): string {
  return credentials === undefined
    ? `no credentials are known for ${host}: log in if it is not public`
    : `the credentials come from ${credentials.origin}`;
}

/** A 401 that offers no way in. */
export function noChallenge(host: string, values: readonly string[], facts: ErrorFacts): RegistryError {
  const why =
    values.length === 0
      ? 'registry sent no challenge'
      : `registry sent no challenge that can be met: "${printable(values.join(', '), 160)}"`;
  return new RegistryError('UNAUTHORIZED', `${host}: ${why}`, { ...facts, status: 401 });
}

/** What a refusal is said with. */
export interface Refusal {
  readonly host: string;
  readonly credentials: Credentials | undefined;
  /** The server's, in brackets, or nothing. */
  readonly words: string;
  readonly facts: ErrorFacts;
}

/**
 * A 401 to a token that was just got. Asking again would not help, which is what `DENIED` means: the user
 * is known, or nobody in particular, and may not do this.
 */
export function refusedToken(scope: string, { host, credentials, words, facts }: Refusal): RegistryError {
  const message = `${host} does not accept a new token for ${printable(scope, 300)}${words}; ${whoseOf(credentials, host)}`;
  return new RegistryError('DENIED', message, { ...facts, status: 403, detail: { status: 401 } });
}

/** A 401 to a password, or to a token that the user gave. */
export function refusedLogin({ host, credentials, words, facts }: Refusal): RegistryError {
  const message = `${host} does not accept who we are${words}; ${whoseOf(credentials, host)}`;
  return new RegistryError('UNAUTHORIZED', message, { ...facts, status: 401 });
}

/** A registry wants a user, and there is none. */
export function noPassword(
  host: string,
  credentials: Credentials | undefined,
  facts: ErrorFacts,
): RegistryError {
  const why =
    credentials === undefined
      ? `none are known: log in to ${host}`
      : `there are none in ${credentials.origin}`;
  return new RegistryError('UNAUTHORIZED', `${host} wants a user name and a password, and ${why}`, {
    ...facts,
    status: 401,
  });
}

/** A 401 to a request whose body is gone. */
export function notReplayable(host: string, facts: ErrorFacts): RegistryError {
  return new RegistryError(
    'UNAUTHORIZED',
    `${host} wants authorization, and the source cannot be sent again; give a function that opens it`,
    { ...facts, status: 401 },
  );
}
