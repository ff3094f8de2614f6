/**
 * What is demanded of an answer. Everything here throws an Error with the request, what was wanted and what came.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
 */
import type { Answer } from './http.ts';

const CODES: readonly string[] = [
  'BLOB_UNKNOWN',
  'BLOB_UPLOAD_INVALID',
  'BLOB_UPLOAD_UNKNOWN',
  'DIGEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'MANIFEST_INVALID',
  'MANIFEST_UNKNOWN',
  'NAME_INVALID',
  'NAME_UNKNOWN',
  'SIZE_INVALID',
  'UNAUTHORIZED',
  'DENIED',
  'UNSUPPORTED',
  'TOOMANYREQUESTS',
];

/** Fails the case unless `met`. */
export function demand(
  met: boolean,
  answer: Answer,
  wanted: string,
  got: string = summary(answer),
): asserts met {
  if (!met) throw new Error(`${answer.sent}\n  wanted ${wanted}\n  got ${got}`);
}

/** The status is one of these. */
export function status(answer: Answer, ...wanted: readonly number[]): Answer {
  demand(wanted.includes(answer.status), answer, `status ${wanted.join(' or ')}`);
  return answer;
}

/** The header is there, in one line; gives its value. */
export function header(answer: Answer, name: string): string {
  const lines = answer.headers.get(name.toLowerCase()) ?? [];
  const [value] = lines;
  demand(value !== undefined && lines.length === 1, answer, `one ${name} header`, headersOf(answer));
  return value;
}

/** The header has exactly this value: no parameters, no other spelling. */
export function headerIs(answer: Answer, name: string, wanted: string): void {
  const value = header(answer, name);
  demand(value === wanted, answer, `${name}: ${wanted}`, `${name}: ${value}`);
}

/** The header is not there. */
export function headerAbsent(answer: Answer, name: string): void {
  demand(!answer.headers.has(name.toLowerCase()), answer, `no ${name} header`, headersOf(answer));
}

/** The elements of a header that is a list: in one line with commas, or in several. */
export function headerList(answer: Answer, name: string): string[] {
  const lines = answer.headers.get(name.toLowerCase()) ?? [];
  return lines.flatMap((line) => line.split(',')).map((element) => element.trim());
}

/** The body is these bytes, and they came to their end. */
export function bodyIs(answer: Answer, wanted: Uint8Array): void {
  demand(
    answer.whole,
    answer,
    'a body as long as announced',
    `${answer.body.length} bytes and a broken connection`,
  );
  const difference = `${answer.body.length} bytes${answer.body.length === wanted.length ? ', which differ' : ''}`;
  demand(answer.body.equals(wanted), answer, `a body of the ${wanted.length} bytes pushed`, difference);
}

/** The body is a JSON object, said to be JSON. */
export function jsonObject(answer: Answer): Readonly<Record<string, unknown>> {
  const type = header(answer, 'Content-Type');
  demand(
    /^application\/([\w.+-]+\+)?json\b/.test(type),
    answer,
    'a JSON Content-Type',
    `Content-Type: ${type}`,
  );
  let value: unknown;
  try {
    value = JSON.parse(answer.body.toString('utf8'));
  } catch {
    value = undefined;
  }
  demand(isObject(value), answer, 'a body that is a JSON object');
  return value;
}

/**
 * The request was refused with one of these statuses, and an error document whose codes are the specification's.
 * @param codes those that fit this refusal; any of the specification's when there is none.
 */
export function refused(answer: Answer, statuses: readonly number[], codes: readonly string[] = CODES): void {
  status(answer, ...statuses);
  if (answer.method === 'HEAD') {
    demand(answer.body.length === 0, answer, 'no body');
    return;
  }
  const { errors } = jsonObject(answer);
  demand(Array.isArray(errors) && errors.length > 0, answer, '"errors", an array that is not empty');
  for (const error of errors as unknown[]) {
    demand(isObject(error) && typeof error['code'] === 'string', answer, 'errors that have a "code"');
    demand(CODES.includes(error['code']), answer, `a code of the specification, not ${error['code']}`);
    const { message } = error;
    demand(message === undefined || typeof message === 'string', answer, 'a "message" that is a text');
  }
  const [first] = errors as readonly { readonly code: string }[];
  demand(first !== undefined && codes.includes(first.code), answer, `code ${codes.join(' or ')}`);
}

/** Whether a JSON value is an object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function summary({ status, body, headers }: Answer): string {
  const readable = /json|text/.test(headers.get('content-type')?.join() ?? '');
  if (body.length === 0 || !readable) return `status ${status}, ${body.length} bytes`;
  const text = body
    .subarray(0, 400)
    .toString('utf8')
    .replace(/[^ -~]+/g, ' ');
  return `status ${status}, ${text.trim()}${body.length > 400 ? `… (${body.length} bytes)` : ''}`;
}

function headersOf(answer: Answer): string {
  const lines = [...answer.headers].flatMap(([name, values]) => values.map((value) => `${name}: ${value}`));
  return `status ${answer.status}, ${lines.join('; ')}`;
}
