/** What kind of text or document was found to be malformed. */
export type InvalidSubject =
  | 'digest'
  | 'reference'
  | 'platform'
  | 'descriptor'
  | 'manifest'
  | 'json'
  | 'mediaType'
  | 'document'
  | 'builds'
  | 'sources'
  | 'cache'
  | 'jobs'
  | 'context'
  | 'tar';

/**
 * Something given to us does not have the form that the specification asks for.
 *
 * The room of words knows no registries, so it throws this; the rooms above turn it into a
 * `RegistryError` with the code that fits the operation.
 */
export class Invalid extends Error {
  override readonly name = 'Invalid';
  readonly subject: InvalidSubject;
  /** Where in a JSON document, as a JSON pointer (RFC 6901): `/layers/3/size`. */
  readonly pointer: string | undefined;

  constructor(subject: InvalidSubject, message: string, pointer?: string) {
    super(pointer === undefined ? message : `${pointer === '' ? 'document' : pointer}: ${message}`);
    this.subject = subject;
    this.pointer = pointer;
  }
}

/** Text from outside, made safe to print: control and non-ASCII characters escaped, long texts cut. */
export function printable(text: string, limit = 100): string {
  let safe = '';
  for (const character of text.slice(0, limit)) {
    const code = character.codePointAt(0) as number;
    if (code >= 0x20 && code < 0x7f) safe += character;
    else if (code <= 0xff) safe += `\\x${code.toString(16).padStart(2, '0')}`;
    else safe += `\\u{${code.toString(16)}}`;
  }
  return text.length > limit ? `${safe}… (${text.length} characters)` : safe;
}
