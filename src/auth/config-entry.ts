import { isObject, type Json } from '../oci/index.ts';
import { RegistryError } from '../registry/index.ts';
import { fromLogin, type Credentials } from './login.ts';

/**
 * Reads one entry of `auths`. The user of `auth` (base64 of `user:password`) counts before `username` and `password`.
 * @param where file and key, for messages
 * @returns undefined for an entry with nothing in it, as docker leaves where a helper has the password
 * @throws {RegistryError} `CREDENTIALS_INVALID`; its message has no value of the entry.
 */
export function parseConfigEntry(entry: Json | undefined, where: string): Credentials | undefined {
  const invalid = (why: string): RegistryError =>
    new RegistryError('CREDENTIALS_INVALID', `${where}: ${why}`);
  if (!isObject(entry)) throw invalid('not an object');
  const text = (name: string): string => {
    const value = entry[name] ?? '';
    if (typeof value !== 'string') throw invalid(`"${name}" is not a text`);
    return value;
  };
  const auth = text('auth');
  const user =
    auth === '' ? { username: text('username'), password: text('password') } : decode(auth, invalid);
  const [identityToken, registryToken] = [text('identitytoken'), text('registrytoken')];
  return fromLogin({
    ...user,
    ...(identityToken !== '' && { identityToken }),
    ...(registryToken !== '' && { registryToken }),
    origin: where,
  });
}

function decode(
  auth: string,
  invalid: (why: string) => RegistryError,
): { username: string; password: string } {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(auth) || auth.replace(/={1,2}$/, '').length % 4 === 1)
    throw invalid('"auth" is not base64');
  const decoded = Buffer.from(auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0) throw invalid('"auth" has no colon between user and password');
  // Old versions of docker padded the password with NULs.
  let end = decoded.length;
  while (end > colon + 1 && decoded[end - 1] === '\0') end--;
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1, end) };
}
