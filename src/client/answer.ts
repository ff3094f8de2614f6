import { printable } from '../oci/index.ts';
import {
  digestOfDetail,
  parseErrors,
  parseRetryAfter,
  type Route,
  type WireError,
} from '../protocol/index.ts';
import { RegistryError, type ErrorCode } from '../registry/index.ts';
import { headerValue, readBounded, redactUrl, type TransportResponse } from '../transport/index.ts';
import { hushDetail } from './discretion.ts';

/** As much of an error's body as is worth reading, in bytes. */
const ERROR_LIMIT = 64 * 1024;
/** As long as it is worth waiting for, in milliseconds. */
const ERROR_TIME = 5000;
/** As much of a body that is no list of errors as an error keeps, in characters. */
const LONGEST_TEXT = 500;

/** What was asked, for the error to say. */
export interface Question {
  readonly method: string;
  readonly route: Route;
  /** The registry's name, as the user knows it. */
  readonly host: string;
  /** Where it was asked. */
  readonly url: URL;
  /** Takes out of a text what was sent to say who we are. */
  readonly hush: (text: string) => string;
}

/** Makes an error of an answer that is not the one hoped for, and lets the answer go. */
export async function errorOf(response: TransportResponse, question: Question): Promise<RegistryError> {
  const body = await readError(response);
  // What others write, to whom we were sent, may repeat the signature of the address.
  const own = response.url.href === question.url.href;
  const errors = body === undefined ? [] : errorsOf(body, own, question.hush);
  const code = codeOf(errors[0], response.status, question.route);
  const retryAfter = parseRetryAfter(headerValue(response.headers, 'retry-after'));
  return new RegistryError(code, message(code, errors[0], response.status, question, retryAfter), {
    status: response.status,
    method: question.method,
    url: redactUrl(response.url),
    ...subjectOf(question.route),
    detail: code === 'MANIFEST_BLOB_UNKNOWN' ? missing(errors) : errors[0]?.detail,
    ...(retryAfter !== undefined && { retryAfter }),
  });
}

/** What a body says; where it is not in the protocol's form, it is kept as it is, as the detail of an unknown error. */
function errorsOf(body: Uint8Array, own: boolean, hush: Question['hush']): readonly WireError[] {
  // Before anything is cut off, which might leave half a token.
  const text = hush(new TextDecoder().decode(body));
  const errors = parseErrors(body, hush);
  if (errors.length > 0)
    return errors.map(({ detail, ...error }) => ({
      ...error,
      ...(detail !== undefined && { detail: hushDetail(detail, hush) }),
    }));
  if (!own || text === '') return [];
  return [{ code: 'UNKNOWN', message: canonicalJson(text, hush), detail: printable(text, LONGEST_TEXT) }];
}

/** The words in a body that is JSON of another form: `details` is Docker Hub's, the others are what most write. */
function canonicalJson(text: string, hush: Question['hush']): string {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return '';
  }
  if (typeof document !== 'object' || document === null) return '';
  const { details, message: words, error } = document as Readonly<Record<string, unknown>>;
  const said = [details, words, error].find((each) => typeof each === 'string');
  return said === undefined ? '' : printable(hush(said), 500);
}

/**
 * The body of an error, if it comes. docker-registry announces one for a 416 and closes the connection instead;
 * others may stall: the status has been told, and is worth more than the words.
 */
async function readError(response: TransportResponse): Promise<Uint8Array | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>(
    (resolve) =>
      (timer = setTimeout(() => {
        // Else who sends a byte now and then would keep the connection.
        void response.discard();
        resolve(undefined);
      }, ERROR_TIME)),
  );
  try {
    return await Promise.race([readBounded(response, ERROR_LIMIT).catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a route is about, for the fields of an error. */
export function subjectOf(route: Route): { repository?: string; reference?: string } {
  return {
    ...('repository' in route && { repository: route.repository }),
    ...('digest' in route && { reference: route.digest }),
    ...('reference' in route && { reference: route.reference }),
  };
}

/** How the thing that was asked for is written: `host/repository:tag`, `host/repository@digest`. */
export function nameOf(host: string, route: Route): string {
  const { repository, reference } = subjectOf(route);
  if (repository === undefined) return host;
  if (reference === undefined) return `${host}/${repository}`;
  return `${host}/${repository}${reference.includes(':') ? '@' : ':'}${reference}`;
}

function codeOf(error: WireError | undefined, status: number, route: Route): ErrorCode | (string & {}) {
  // Registries have no word for a range that cannot be met, and use several.
  if (status === 416) return 'RANGE_INVALID';
  if (error !== undefined && error.code !== 'UNKNOWN') return error.code;
  switch (status) {
    case 401:
      return 'UNAUTHORIZED';
    case 403:
      return 'DENIED';
    case 404:
      return unknownCode(route);
    case 405:
      return 'UNSUPPORTED';
    case 413:
      return route.kind === 'manifest' ? 'MANIFEST_INVALID' : 'SIZE_INVALID';
    case 429:
      return 'TOOMANYREQUESTS';
    default:
      return status >= 500 ? 'UNAVAILABLE' : 'UNKNOWN';
  }
}

function unknownCode(route: Route): ErrorCode {
  switch (route.kind) {
    case 'blob':
      return 'BLOB_UNKNOWN';
    case 'manifest':
      return 'MANIFEST_UNKNOWN';
    case 'upload':
      return 'BLOB_UPLOAD_UNKNOWN';
    case 'ping':
    case 'catalog':
    case 'tags':
    case 'uploads':
    case 'referrers':
      return 'NAME_UNKNOWN';
  }
}

function message(
  code: string,
  error: WireError | undefined,
  status: number,
  { method, route, host }: Question,
  retryAfter: number | undefined,
): string {
  const name = nameOf(host, route);
  switch (code) {
    case 'UNAUTHORIZED':
      return `${name}: authentication is required${said(error)}; log in to ${host}, or check the name`;
    case 'DENIED':
      return `${name}: not allowed${said(error)}`;
    case 'NAME_UNKNOWN':
    case 'MANIFEST_UNKNOWN':
    case 'BLOB_UNKNOWN':
      return `${name}: not found${said(error)}`;
    case 'TOOMANYREQUESTS':
      return `${name}: ${host} asks for fewer requests${retryAfter === undefined ? '' : `; try again in ${retryAfter} s`}${said(error)}`;
    default:
      return `${name}: ${method} was answered with ${status} ${code}${said(error)}`;
  }
}

function said(error: WireError | undefined): string {
  return error === undefined || error.message === '' ? '' : ` (${error.message})`;
}

function missing(errors: readonly WireError[]): readonly string[] {
  return errors.flatMap((error) => digestOfDetail(error.detail) ?? []);
}
