import { Invalid, isObject, parseJson, type Json } from '../oci/index.ts';

/** A document of names and values, some of them secret. */
export type SecretObject = Readonly<Record<string, Json>>;

/**
 * Reads a JSON object that holds secrets. The errors of `JSON.parse` quote the text around the mistake, which is
 * where the password is, so they end here: only the position is kept.
 * @returns the object, or what is wrong with the text.
 */
export function parseSecretObject(bytes: Uint8Array): SecretObject | string {
  let value: Json;
  try {
    value = parseJson(bytes);
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    const position = /\bat (?:position|offset) (\d{1,9})/.exec(error.message)?.[1];
    const what = error.message.startsWith('duplicate key') ? 'the same key twice' : 'not valid JSON';
    return position === undefined ? what : `${what} (position ${position})`;
  }
  return isObject(value) ? value : 'not a JSON object';
}
