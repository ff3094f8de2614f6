import {
  formatReference,
  Invalid,
  isTag,
  parseDigest,
  parseDockerName,
  printable,
  type Digest,
} from '../oci/index.ts';

/** The kinds of places on this machine's disk, as references begin. */
export type LocalScheme = 'oci-layout' | 'oci-archive' | 'docker-archive';

/** Where something is in a layout folder or in an archive. With neither tag, name nor digest: the only image there. */
export interface LocalReference {
  /** Which kind of place it is. */
  readonly scheme: LocalScheme;
  /** The folder of the layout, or the file. */
  readonly path: string;
  /** A tag alone: `3.20`. */
  readonly tag?: string;
  /** A full name, with its tag: `docker.io/library/alpine:3.20`. Never beside `tag`. */
  readonly name?: string;
  /** Which image it is, whatever it is called. */
  readonly digest?: Digest;
}

/** Folders of layouts that have a name: `oci-layout://NAME/IMAGE` means an image in the folder of that name. */
export type Stores = Readonly<Record<string, string>>;

const SCHEME = /^(oci-layout|oci-archive|docker-archive):(\/\/)?/;

/** Whether a text names a layout folder or an archive, well or badly. */
export function isLocalReference(text: string): boolean {
  return SCHEME.test(text);
}

/**
 * Reads a reference to a layout folder or an archive:
 *
 * - `oci-layout:DIR[:TAG]`, also as `oci-layout://DIR…`, which is how BuildKit writes it. What follows the last colon is
 *   the tag, unless a slash comes after it.
 * - `oci-layout://STORE[:TAG]` and `oci-layout://STORE/NAME`, where a folder has that name.
 * - `oci-archive:FILE[:NAME]`, `docker-archive:FILE[:NAME]`, as skopeo and podman write them. The file ends before the
 *   first colon that follows `.tar` (`.tgz`, `.tar.gz`, `.tar.zst`), else before the first one. A word alone is a tag in
 *   an OCI archive, and a name in Docker's, which knows no other.
 * - each of them as `PATH::NAME`, with a name in Docker's short or full form, or `PATH:::TAG`, or `PATH::` alone: the last
 *   `::` ends the path, whatever it has in it.
 *
 * Behind any of them may stand `@DIGEST`.
 * @throws {Invalid} subject `reference`.
 */
export function parseLocalReference(text: string, stores: Stores = {}): LocalReference {
  const [prefix = '', scheme, slashes] = SCHEME.exec(text) ?? [];
  if (!isScheme(scheme)) throw invalid(text, 'it names neither a layout nor an archive');
  const [body, digest] = splitDigest(text, text.slice(prefix.length));
  const { path, ...image } =
    (slashes && scheme === 'oci-layout' && inStore(text, body, stores)) ||
    explicit(text, body) ||
    (scheme === 'oci-layout' ? inFolder(text, body) : inArchive(text, body, scheme));
  if (path === '')
    throw invalid(text, scheme === 'oci-layout' ? 'the folder is missing' : 'the file is missing');
  if (path.includes('\0')) throw invalid(text, 'character "\\x00" is not allowed');
  return { scheme, path, ...image, ...(digest !== undefined && { digest }) };
}

/**
 * Writes it in a form that is read as the same place, whatever the path has in it.
 * @throws {Invalid} subject `reference`, for a file whose name ends in a colon: there is no way to write it.
 */
export function formatLocalReference({ scheme, path: given, tag, name, digest }: LocalReference): string {
  const path = writable(scheme, given);
  const behind = digest === undefined ? '' : `@${digest}`;
  if (name !== undefined) return `${scheme}:${path}::${name}${behind}`;
  const short = `${scheme}:${path}${tag === undefined ? '' : `:${tag}`}`;
  const read = parsed(short);
  const isSame = read?.path === path && read.tag === tag && read.name === undefined;
  return `${isSame ? short : `${scheme}:${path}::${tag === undefined ? '' : `:${tag}`}`}${behind}`;
}

/** The same path, without what would be taken for something else at its ends. */
function writable(scheme: LocalScheme, path: string): string {
  const rooted = path.replace(/^[/]{2,}/, '/');
  if (!rooted.endsWith(':')) return rooted;
  if (scheme === 'oci-layout') return `${rooted}/`;
  throw invalid(`${scheme}:${rooted}`, 'the name of the file ends in a colon');
}

function parsed(text: string): LocalReference | undefined {
  try {
    return parseLocalReference(text);
  } catch {
    return undefined;
  }
}

type Parts = Pick<LocalReference, 'path' | 'tag' | 'name'>;

function isScheme(text: string | undefined): text is LocalScheme {
  return text !== undefined;
}

/** A folder may have an @ in its name, and a tag after it; a digest begins with its algorithm. */
function splitDigest(text: string, rest: string): readonly [body: string, digest: Digest | undefined] {
  const at = rest.lastIndexOf('@');
  if (at < 0 || !/^(?:sha\d+|blake3|md5):[^/:]*$/.test(rest.slice(at + 1, at + 200)))
    return [rest, undefined];
  try {
    return [rest.slice(0, at), parseDigest(rest.slice(at + 1))];
  } catch (error) {
    throw invalid(text, (error as Invalid).message);
  }
}

/** `STORE`, `STORE:TAG`, `STORE/NAME`. */
function inStore(text: string, body: string, stores: Stores): Parts | undefined {
  const [store = ''] = /^[^/:]*/.exec(body) ?? [];
  const path = Object.hasOwn(stores, store) ? stores[store] : undefined;
  if (path === undefined) return undefined;
  const rest = body.slice(store.length);
  if (rest === '') return { path };
  const image = rest.slice(1);
  return rest.startsWith('/') ? { path, ...named(text, image) } : { path, ...tagged(text, image) };
}

/** `PATH::NAME`, `PATH:::TAG`, `PATH::`. The path does not end in a colon: of three, the third is the tag's. */
function explicit(text: string, body: string): Parts | undefined {
  // The address of a host may have colons of its own, in brackets.
  const [, path, image] =
    /^(.*[^:])::(\[[0-9A-Fa-f:.]+\].*)$/s.exec(body) ?? /^(.*[^:])::(.*)$/s.exec(body) ?? [];
  if (path === undefined || image === undefined) return undefined;
  if (image === '') return { path };
  return image.startsWith(':') ? { path, ...tagged(text, image.slice(1)) } : { path, ...named(text, image) };
}

function inFolder(text: string, body: string): Parts {
  const colon = body.lastIndexOf(':');
  if (colon < 0 || /[/\\]/.test(body.slice(colon))) return { path: body };
  return { path: body.slice(0, colon), ...tagged(text, body.slice(colon + 1)) };
}

const ARCHIVE_NAME = /\.(?:tar|tgz|tar\.gz|tar\.zst|tzst)(?=:|$)/;

function inArchive(text: string, body: string, scheme: LocalScheme): Parts {
  const suffix = ARCHIVE_NAME.exec(body);
  // On Windows a path begins with a letter and a colon.
  const drive = /^[A-Za-z]:(?=[/\\])/.exec(body)?.[0].length ?? 0;
  const colon = suffix === null ? body.indexOf(':', drive) : suffix.index + suffix[0].length;
  if (colon < 0 || colon >= body.length) return { path: body };
  const path = body.slice(0, colon);
  const image = body.slice(colon + 1);
  const isTagAlone = scheme === 'oci-archive' && !/[/:]/.test(image);
  return { path, ...(isTagAlone ? tagged(text, image) : named(text, image)) };
}

function tagged(text: string, tag: string): Pick<LocalReference, 'tag'> {
  if (isTag(tag)) return { tag };
  throw invalid(text, tag === '' ? 'empty tag' : `invalid tag "${printable(tag, 140)}"`);
}

/** In full, as tools write names into layouts, with `latest` where there is no tag. */
function named(text: string, name: string): Pick<LocalReference, 'name'> {
  try {
    const { host, repository, tag = 'latest' } = parseDockerName(name);
    return { name: formatReference({ host, repository, tag }) };
  } catch (error) {
    throw invalid(text, (error as Invalid).message);
  }
}

function invalid(text: string, why: string): Invalid {
  return new Invalid('reference', `invalid reference "${printable(text)}": ${why}`);
}
