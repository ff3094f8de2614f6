import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';

/**
 * Keys by which a builder sees whose a token is that it has, so that it uses it for no other client. One key for each
 * registry and builder; another build has other ones, so that it gets tokens of its own.
 */
export interface TokenAuthority {
  /** @param salt the builder's own */
  publicKey(host: string, salt: Uint8Array): Uint8Array;
  /** @returns the signature, and behind it what was signed */
  sign(host: string, salt: Uint8Array, payload: Uint8Array): Uint8Array;
}

/** What stands before the 32 bytes of a private key of Ed25519. @see https://www.rfc-editor.org/rfc/rfc8410#section-7 */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
/** The length of a public key, which is at the end of what it is exported as. */
const PUBLIC = 32;

export function tokenAuthority(seed: Uint8Array = randomBytes(32)): TokenAuthority {
  const keyOf = (host: string, salt: Uint8Array): KeyObject => {
    // The seed has a part in it that the builder does not know: it cannot make a key out of a salt that it chose.
    const secret = createHmac('sha256', salt).update(seed).update(host).digest();
    return createPrivateKey({ key: Buffer.concat([PKCS8, secret]), format: 'der', type: 'pkcs8' });
  };
  return {
    publicKey: (host, salt) =>
      createPublicKey(keyOf(host, salt)).export({ format: 'der', type: 'spki' }).subarray(-PUBLIC),
    sign: (host, salt, payload) => Buffer.concat([sign(null, payload, keyOf(host, salt)), payload]),
  };
}
