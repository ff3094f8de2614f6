import { isObject, printable, type Json } from '../oci/index.ts';
import type { RegistryError } from '../registry/index.ts';

/** One error of an answer's body. */
export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly detail?: Json;
}

/** The status that goes with a code. @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes */
const STATUS: Readonly<Record<string, number>> = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 400,
  BLOB_UPLOAD_UNKNOWN: 404,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 404,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  UNAUTHORIZED: 401,
  DENIED: 403,
  UNSUPPORTED: 405,
  TOOMANYREQUESTS: 429,
  RANGE_INVALID: 416,
  TAG_INVALID: 400,
  REFERENCE_INVALID: 400,
  REFERENCE_AMBIGUOUS: 409,
  /* What is behind us did not answer. */
  UNAVAILABLE: 502,
};

/** The codes of ours that the protocol has no word for, as clients of any make know them. */
const ON_THE_WIRE: Readonly<Record<string, string>> = {
  TAG_INVALID: 'MANIFEST_INVALID',
  REFERENCE_INVALID: 'NAME_INVALID',
  REFERENCE_AMBIGUOUS: 'UNKNOWN',
  RANGE_INVALID: 'BLOB_UPLOAD_INVALID',
  UNAVAILABLE: 'UNKNOWN',
};

/** Refusals for which there is no code of their own: their status says more than the code that stands in for it. */
const TELLING: ReadonlySet<number> = new Set([400, 413, 414]);

/**
 * The status and body by which an error travels. A known code fixes the status, so that what a server further up
 * answered does not show through.
 */
export function formatError(error: RegistryError): { readonly status: number; readonly body: Uint8Array } {
  // Codes come from servers further up as well: `constructor` is none of these.
  const known = Object.hasOwn(STATUS, error.code) ? STATUS[error.code] : undefined;
  const own = isFailure(error.status) ? error.status : undefined;
  // 503 is an invitation to come again, which the one behind us may have meant.
  const telling = own !== undefined && (TELLING.has(own) || (own === 503 && error.code === 'UNAVAILABLE'));
  const status = telling ? own : (known ?? own ?? 500);
  const code =
    known === undefined ? (status === 404 ? error.code : 'UNKNOWN') : (ON_THE_WIRE[error.code] ?? error.code);
  return { status, body: formatErrors(entries(code, error)) };
}

/** An answer further up that was not the one hoped for makes an error too, whose status is that of a success. */
function isFailure(status: number | undefined): status is number {
  return status !== undefined && Number.isInteger(status) && status >= 400 && status < 600;
}

/** A body of errors. */
export function formatErrors(errors: readonly WireError[]): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ errors }));
}

// One error for each digest that is missing, as distribution does it, so that clients see all of them.
function entries(code: string, error: RegistryError): readonly WireError[] {
  if (error.code !== 'MANIFEST_BLOB_UNKNOWN' || !Array.isArray(error.detail) || error.detail.length === 0) {
    const detail = isWritable(error.detail) ? error.detail : undefined;
    return [{ code, message: error.message, ...(detail !== undefined && { detail }) }];
  }
  return error.detail.map((digest) => ({ code, message: error.message, detail: { digest: String(digest) } }));
}

// Stores may put anything there; an answer that cannot be written would be no answer.
function isWritable(detail: unknown): detail is Json {
  try {
    return JSON.stringify(detail) !== undefined;
  } catch {
    return false;
  }
}

/**
 * Reads a body of errors, whatever it is: text, HTML and broken JSON give none.
 * @param redact takes secrets out of a text, before it is cut or escaped
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 */
export function parseErrors(
  body: Uint8Array,
  redact: (text: string) => string = (text) => text,
): readonly WireError[] {
  let document: Json;
  try {
    document = JSON.parse(new TextDecoder().decode(body)) as Json;
  } catch {
    return [];
  }
  const errors = isObject(document) ? document['errors'] : undefined;
  if (!Array.isArray(errors)) return [];
  return errors.flatMap((entry: Json) => {
    if (!isObject(entry)) return [];
    const { code, message, detail } = entry;
    return [
      {
        code: typeof code === 'string' ? printable(redact(code), 60) : 'UNKNOWN',
        message: typeof message === 'string' ? printable(redact(message), 500) : '',
        ...(detail !== undefined && { detail }),
      },
    ];
  });
}

/** The digest that an error is about: distribution writes it as the detail, others in an object. */
export function digestOfDetail(detail: Json | undefined): string | undefined {
  if (typeof detail === 'string') return detail;
  if (!isObject(detail)) return undefined;
  const digest = detail['digest'] ?? detail['Digest'];
  return typeof digest === 'string' ? digest : undefined;
}
