import { randomBytes } from 'node:crypto';

/**
 * A name for what is in a session, such as a content store, that nothing else has: small letters and digits, which
 * parsers of references and of URLs take.
 */
export function sessionName(): string {
  return `s${randomBytes(12).toString('hex')}`;
}
