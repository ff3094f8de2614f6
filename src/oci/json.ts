import { Invalid, printable } from './invalid.ts';
import { checkNames } from './json-names.ts';

/** Any JSON value, before its form is known. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads a JSON document as I-JSON (RFC 7493) wants it: valid UTF-8, no name twice in an object,
 * bounded depth. `JSON.parse` alone keeps the last of two equal names while other readers keep the first,
 * so that two parties could see two documents in the same bytes.
 * @throws {Invalid} subject `json`.
 */
export function parseJson(bytes: Uint8Array): Json {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw new Invalid('json', 'not valid UTF-8');
  }
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw new Invalid('json', `not valid JSON: ${printable((error as Error).message, 160)}`);
  }
  checkNames(text, value);
  return value;
}

/** Whether a value is a JSON object. */
export function isObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
