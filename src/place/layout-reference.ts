import { Invalid, isTag, parseDigest, printable, type Digest } from '../oci/index.ts';

/** Where something is in a layout folder. */
export interface LayoutReference {
  readonly directory: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const SCHEME = 'oci-layout:';

/** Whether a text names a layout folder: `oci-layout:DIR:TAG`. */
export function isLayoutReference(text: string): boolean {
  return text.startsWith(SCHEME);
}

/**
 * Reads `oci-layout:DIR[:TAG][@DIGEST]`, also as `oci-layout://DIR…`, as BuildKit writes it.
 * What follows the last colon is the tag, unless a slash comes after it.
 * @throws {Invalid} subject `reference`.
 */
export function parseLayoutReference(text: string): LayoutReference {
  const rest = text.slice(SCHEME.length).replace(/^\/\//, '');
  const at = rest.lastIndexOf('@');
  // A folder may have an @ in its name, and a tag after it; a digest begins with its algorithm.
  const hasDigest = at >= 0 && /^(?:sha\d+|blake3|md5):[^/]*$/.test(rest.slice(at + 1, at + 200));
  const digest = hasDigest ? readDigest(text, rest.slice(at + 1)) : undefined;
  const name = hasDigest ? rest.slice(0, at) : rest;
  const colon = name.lastIndexOf(':');
  const hasTag = colon >= 0 && !/[/\\]/.test(name.slice(colon));
  const directory = hasTag ? name.slice(0, colon) : name;
  const tag = hasTag ? name.slice(colon + 1) : undefined;
  if (directory === '') throw invalid(text, 'the folder is missing');
  if (directory.includes('\0')) throw invalid(text, 'character "\\x00" is not allowed');
  if (tag !== undefined && !isTag(tag))
    throw invalid(text, tag === '' ? 'empty tag' : `invalid tag "${printable(tag, 140)}"`);
  return { directory, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

/** Writes it in the form that is read. */
export function formatLayoutReference({ directory, tag, digest }: LayoutReference): string {
  return `${SCHEME}${directory}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

function readDigest(text: string, digest: string): Digest {
  try {
    return parseDigest(digest);
  } catch (error) {
    throw invalid(text, (error as Invalid).message);
  }
}

function invalid(text: string, why: string): Invalid {
  return new Invalid('reference', `invalid reference "${printable(text)}": ${why}`);
}
