import { Invalid, printable } from './invalid.ts';

declare const brand: unique symbol;

/**
 * The name of some bytes: `algorithm:encoded`, checked.
 * @see https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests
 */
export type Digest = string & { readonly [brand]: 'Digest' };

/** The algorithms that can be computed, and so verified. Others are carried as they are. */
export type DigestAlgorithm = 'sha256' | 'sha512';

const GRAMMAR = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;
const LONGEST = 512;
const HEX_LENGTH: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };

/** Whether `text` is a well-formed digest, of any algorithm. */
export function isDigest(text: string): text is Digest {
  return problem(text) === undefined;
}

/**
 * Checks the form of a digest.
 * @throws {Invalid} subject `digest`, when it is malformed.
 */
export function parseDigest(text: string): Digest {
  const wrong = problem(text);
  if (wrong !== undefined) throw new Invalid('digest', `invalid digest "${printable(text)}": ${wrong}`);
  return text as Digest;
}

/** The algorithm's name: `sha256` of `sha256:…`. */
export function algorithmOf(digest: Digest): string {
  return digest.slice(0, digest.indexOf(':'));
}

/** The part after the colon. */
export function encodedOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** The algorithm, if it is one that can be computed here. */
export function verifiableAlgorithm(digest: Digest): DigestAlgorithm | undefined {
  const algorithm = algorithmOf(digest);
  return isAlgorithm(algorithm) ? algorithm : undefined;
}

/** Whether digests of this algorithm can be computed here. */
export function isAlgorithm(name: string): name is DigestAlgorithm {
  return Object.hasOwn(HEX_LENGTH, name);
}

/** What nearly all of them are, told at one glance, as an index may have 100,000: counting in the pattern takes longer. */
const USUAL = /^sha256:[0-9a-f]+$/;
const USUAL_LENGTH = 'sha256:'.length + HEX_LENGTH.sha256;

function problem(text: string): string | undefined {
  if (text.length === USUAL_LENGTH && USUAL.test(text)) return undefined;
  if (text.length > LONGEST) return `longer than ${LONGEST} characters`;
  if (!GRAMMAR.test(text)) return 'want algorithm:encoded';
  const colon = text.indexOf(':');
  const algorithm = text.slice(0, colon);
  if (!isAlgorithm(algorithm)) return undefined;
  const encoded = text.slice(colon + 1);
  const length = HEX_LENGTH[algorithm];
  if (encoded.length !== length) return `${algorithm} needs ${length} hex characters, got ${encoded.length}`;
  if (!/^[0-9a-f]+$/.test(encoded)) return `${algorithm} needs lowercase hex characters`;
  return undefined;
}
