import { isAlgorithm, parseDigest, type Digest } from './digest.ts';
import { Invalid, printable } from './invalid.ts';

/** A place in a registry: `host/repository:tag@digest`, where all but the repository may be missing. */
export interface Reference {
  /** With the port, if one was given: `localhost:5000`, `[::1]:5000`. */
  readonly host?: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** Host and repository together may have this many characters. */
const LONGEST_NAME = 255;
/** No reference is longer: a name, a tag of 128, a digest of sha512. */
const LONGEST = LONGEST_NAME + 128 + 160;

const HOST_LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?';
const DOTTED_HOST = new RegExp(`^${HOST_LABEL}(?:\\.${HOST_LABEL})+$`);
const PLAIN_HOST = new RegExp(`^${HOST_LABEL}(?:\\.${HOST_LABEL})*$`);
const IPV6 = /^\[[0-9A-Fa-f:.]{2,45}\]$/;
const COMPONENT = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Whether the text is a host with or without port that a reference can start with. */
export function isHost(text: string): boolean {
  return text.length <= LONGEST_NAME && hostProblem(text) === undefined;
}

/** Whether the text is the name of a repository, by the grammar of the distribution specification. */
export function isRepository(text: string): boolean {
  return text.length <= LONGEST_NAME && text.split('/').every((component) => COMPONENT.test(component));
}

/** Whether the text is a tag. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** A string that names a manifest is a digest if it has a colon, which no tag has. */
export function looksLikeDigest(reference: string): boolean {
  return reference.includes(':');
}

/**
 * Reads a reference by the strict grammar: a host is only what is recognisable as one by itself
 * (a dot, brackets, or a port, and a slash after it), nothing is filled in.
 * @throws {Invalid} subject `reference`, with the column where it goes wrong.
 */
export function parseReference(text: string): Reference {
  checkText(text);
  const at = text.indexOf('@');
  const name = at < 0 ? text : text.slice(0, at);
  const digest = at < 0 ? undefined : readDigest(text.slice(at + 1), text);
  const [host, rest] = splitHost(name);
  if (host !== undefined) checkHost(host, text);
  const colon = rest.indexOf(':');
  const repository = colon < 0 ? rest : rest.slice(0, colon);
  const start = name.length - rest.length;
  const tag = colon < 0 ? undefined : readTag(rest.slice(colon + 1), text, start + colon + 1);
  checkRepository(repository, text, start);
  const length = repository.length + (host === undefined ? 0 : host.length + 1);
  if (length > LONGEST_NAME)
    throw fail(text, `the name is longer than ${LONGEST_NAME} characters (${length})`);
  return {
    ...(host !== undefined && { host }),
    repository,
    ...(tag !== undefined && { tag }),
    ...(digest !== undefined && { digest }),
  };
}

/** Writes a reference as it is read. */
export function formatReference({ host, repository, tag, digest }: Reference): string {
  return (
    (host === undefined ? '' : `${host}/`) +
    repository +
    (tag === undefined ? '' : `:${tag}`) +
    (digest === undefined ? '' : `@${digest}`)
  );
}

function checkText(text: string): void {
  if (text === '') throw new Invalid('reference', 'empty reference');
  if (text.length > LONGEST) {
    throw new Invalid('reference', `reference "${printable(text, 60)}" is longer than ${LONGEST} characters`);
  }
  const odd = /[^!-~]/.exec(text);
  if (odd !== null) throw fail(text, `character "${printable(odd[0])}" is not allowed`, odd.index);
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.exec(text);
  if (scheme !== null) throw fail(text, `remove the scheme "${scheme[0]}"`, 0);
}

/** What stands before the first slash is the host, if it can be nothing else. */
function splitHost(name: string): [host: string | undefined, rest: string] {
  if (name.startsWith('[')) {
    const slash = name.indexOf('/');
    return slash < 0 ? [name, ''] : [name.slice(0, slash), name.slice(slash + 1)];
  }
  const slash = name.indexOf('/');
  if (slash < 0) return [undefined, name];
  const first = name.slice(0, slash);
  const colon = first.indexOf(':');
  const isHostName =
    colon < 0
      ? DOTTED_HOST.test(first)
      : PLAIN_HOST.test(first.slice(0, colon)) && /^[0-9]/.test(first.slice(colon + 1));
  return isHostName ? [first, name.slice(slash + 1)] : [undefined, name];
}

function checkHost(host: string, text: string): void {
  const problem = hostProblem(host);
  if (problem !== undefined) throw fail(text, problem, 0);
}

function hostProblem(host: string): string | undefined {
  const bracket = host.startsWith('[') ? host.indexOf(']') : -1;
  if (host.startsWith('[') && bracket < 0) return 'unclosed IPv6 bracket';
  const colon = host.indexOf(':', bracket + 1);
  const name = colon < 0 ? host : host.slice(0, colon);
  const port = colon < 0 ? undefined : host.slice(colon + 1);
  if (bracket >= 0 && !isIpv6(name)) return `invalid IPv6 address "${printable(name)}"`;
  if (bracket < 0 && !(port === undefined ? DOTTED_HOST : PLAIN_HOST).test(name))
    return `invalid host "${printable(name)}"`;
  if (port !== undefined && (!/^[0-9]{1,5}$/.test(port) || Number(port) > 65535))
    return `invalid port "${printable(port)}"`;
  return undefined;
}

function isIpv6(bracketed: string): boolean {
  return IPV6.test(bracketed) && URL.canParse(`http://${bracketed}/`);
}

function checkRepository(repository: string, text: string, start: number): void {
  if (repository === '') throw fail(text, 'the repository is missing', start);
  let column = start;
  for (const component of repository.split('/')) {
    if (component === '' || component === '.' || component === '..')
      throw fail(text, 'empty or dot path component', column);
    const upper = /[A-Z]/.exec(component);
    if (upper !== null) throw fail(text, 'the repository must be lowercase', column + upper.index);
    if (!COMPONENT.test(component))
      throw fail(text, `invalid path component "${printable(component)}"`, column);
    column += component.length + 1;
  }
}

function readTag(tag: string, text: string, start: number): string {
  if (tag === '') throw fail(text, 'empty tag', start);
  if (tag.length > 128) throw fail(text, `the tag is longer than 128 characters (${tag.length})`, start);
  if (!/^[A-Za-z0-9_]/.test(tag))
    throw fail(text, 'a tag must start with a letter, a digit or an underscore', start);
  const odd = /[^A-Za-z0-9_.-]/.exec(tag);
  if (odd !== null) throw fail(text, `the tag contains "${odd[0]}"`, start + odd.index);
  return tag;
}

function readDigest(digest: string, text: string): Digest {
  try {
    const parsed = parseDigest(digest);
    const algorithm = parsed.slice(0, parsed.indexOf(':'));
    // A reference exists to fetch what it names, which has to be verified.
    if (!isAlgorithm(algorithm))
      throw new Invalid('digest', `unsupported digest algorithm ${printable(algorithm)}`);
    return parsed;
  } catch (error) {
    throw fail(text, (error as Invalid).message, text.length - digest.length);
  }
}

function fail(text: string, message: string, column?: number): Invalid {
  const where = column === undefined ? '' : ` (column ${column + 1})`;
  return new Invalid('reference', `invalid reference "${printable(text)}": ${message}${where}`);
}
