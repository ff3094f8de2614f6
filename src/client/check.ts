/** What the headers of an answer to a read have to be. */
import { isDigest, printable, verifiableAlgorithm, type Digest } from '../oci/index.ts';
import { fields, formatRange, parseContentRange } from '../protocol/index.ts';
import type { ByteRange } from '../registry/index.ts';
import { headerValue, type TransportResponse } from '../transport/index.ts';
import type { Call, Session } from './session.ts';

/** Refuses answers that are not the plain bytes. @throws {RegistryError} `ENCODING_REFUSED`. */
export function checkPlain(session: Session, call: Call, { headers }: TransportResponse): void {
  const encoding = headerValue(headers, 'content-encoding');
  if (encoding === undefined || encoding === 'identity') return;
  const why = `the answer is encoded (${printable(session.hush(encoding), 60)}), though it was asked for as it is`;
  throw session.invalid(call, 'ENCODING_REFUSED', why);
}

/**
 * Refuses answers that say themselves that they are of something else. Of what another algorithm gives nothing can be
 * told: docker-registry names all by sha256.
 * @throws {RegistryError} `DIGEST_MISMATCH`; `RESPONSE_INVALID` when what they say is no digest.
 */
export function checkDigestHeader(
  session: Session,
  call: Call,
  response: TransportResponse,
  asked: Digest,
): void {
  const digest = digestHeader(session, call, response);
  if (digest === undefined || digest === asked) return;
  if (verifiableAlgorithm(digest) === verifiableAlgorithm(asked))
    throw session.invalid(call, 'DIGEST_MISMATCH', `expected ${asked}, the registry sends ${digest}`);
}

/** The digest that an answer says it is of. @throws {RegistryError} `RESPONSE_INVALID` when it is none. */
export function digestHeader(session: Session, call: Call, response: TransportResponse): Digest | undefined {
  const value = headerValue(response.headers, fields.contentDigest);
  if (value === undefined || value === '') return undefined;
  if (isDigest(value)) return value;
  throw session.invalid(
    call,
    'RESPONSE_INVALID',
    `malformed Docker-Content-Digest "${printable(session.hush(value))}"`,
  );
}

/** The length that an answer announces, in bytes. */
export function contentLength({ headers }: TransportResponse): number | undefined {
  const value = headerValue(headers, 'content-length');
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/** A call for a part of what it is for. */
export function inPart(call: Call, range: ByteRange): Call {
  return { ...call, headers: { ...call.headers, range: formatRange(range) } };
}

/** Which part of what an answer is. */
export interface Part {
  readonly range: Required<ByteRange>;
  /** Of the whole, in bytes, if the registry tells. */
  readonly total: number | undefined;
}

/**
 * Reads which part a 206 is.
 * @param asked the range that it answers
 * @throws {RegistryError} `RESPONSE_INVALID` when it does not say, or begins elsewhere.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14.4
 */
export function partOf(session: Session, call: Call, response: TransportResponse, asked: ByteRange): Part {
  const field = headerValue(response.headers, 'content-range');
  const refuse = (what: string): Error =>
    session.invalid(call, 'RESPONSE_INVALID', `asked for ${formatRange(asked)}, and ${what}`);
  if (field === undefined) throw refuse('the answer does not say which part it is: it has no Content-Range');
  const range = parseContentRange(field);
  if (range === undefined)
    throw refuse(`the answer has a malformed Content-Range "${printable(session.hush(field), 80)}"`);
  if (range.start !== asked.start) throw refuse(`the answer begins at byte ${range.start}`);
  const total = /\/(\d{1,16})$/.exec(field)?.[1];
  return { range, total: total === undefined ? undefined : Number(total) };
}

/**
 * Checks that a part is all of what was asked for, as far as there is so much.
 * @param size of the whole, in bytes
 * @throws {RegistryError} `RESPONSE_INVALID`.
 */
export function checkEnd(
  session: Session,
  call: Call,
  { range }: Part,
  asked: ByteRange,
  size: number,
): void {
  const end = Math.min(asked.end ?? size, size);
  if (range.end === end) return;
  const why = `asked for ${formatRange(asked)}, and the answer ends with byte ${range.end - 1}, not ${end - 1}`;
  throw session.invalid(call, 'RESPONSE_INVALID', why);
}

/** Looks at an answer, and lets it go if that fails: nobody will read it then. */
export async function orDiscard<T>(response: TransportResponse, look: () => T | Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    await response.discard();
    throw error;
  }
}
