import { formatJson, isOrderedObject, parseOrdered, type Ordered } from '../../json/index.ts';
import {
  digestOf,
  familiarReference,
  Invalid,
  parseDigest,
  parseDockerName,
  printable,
  verifiableAlgorithm,
  type Digest,
  type FullReference,
} from '../../oci/index.ts';
import type { DeployDocument } from './document.ts';

type Lookup = Map<Digest | '', FullReference>;

/**
 * Reads a document of the deploy stream, `{type, refs, lookup, data}`, and fills in what it leaves open.
 *
 * A string as `data` is base64; any other JSON is taken as `jq --tab` writes it, with a newline at its end if there is
 * one in it. Without `data` something is copied, and `lookup` says from where: under the digest of `refs`, as its only
 * entry, or under '' for what is not named. Other members (`copyFrom` and `mediaType` of a document that
 * `formatDocument` wrote) are passed over: they follow from these.
 * @throws {Invalid} subject `document` with the place as a JSON pointer, or `json`.
 * @see https://github.com/docker-library/meta-scripts/tree/main/cmd/deploy where this form comes from
 */
export function parseDocument(text: string): DeployDocument {
  const document = parseOrdered(text);
  if (!isOrderedObject(document)) throw wrong('', 'want a JSON object');
  const type = readType(document.get('type'));
  const named = readRefs(document.get('refs'), type);
  const given = readLookup(document.get('lookup'));
  const data = readData(document.get('data'));
  const wanted = named.find(({ digest }) => digest !== undefined)?.digest;
  if (data === undefined) return copying(type, named, wanted, given);

  const digest = digestOf(data, (wanted && verifiableAlgorithm(wanted)) ?? 'sha256');
  if (wanted !== undefined && wanted !== digest)
    throw wrong('/data', `is ${digest}, but refs name ${wanted}`);
  return {
    type,
    refs: named.map((reference) => ({ ...reference, digest })),
    lookup: bare(given),
    data,
    ...(type === 'manifest' && { mediaType: readMediaType(data) }),
  };
}

/** A document without bytes of its own. */
function copying(
  type: DeployDocument['type'],
  named: readonly FullReference[],
  wanted: Digest | undefined,
  given: Lookup,
): DeployDocument {
  const from = sourceOf(wanted, given);
  const digest = wanted ?? from.digest;
  if (from.digest !== undefined && digest !== from.digest)
    throw wrong('/lookup', `has only ${from.digest} to copy, but refs name ${digest}`);
  if (type === 'blob' && digest === undefined)
    throw wrong('/lookup', `blobs go by their digests, and ${familiarReference(from)} has none`);
  const { host, repository, tag } = from;
  const copyFrom =
    digest === undefined
      ? { host, repository, ...(tag !== undefined && { tag }) }
      : { host, repository, digest };
  const lookup = bare(new Map([['' as const, from], ...given]));
  return {
    type,
    refs: digest === undefined ? named : named.map((reference) => ({ ...reference, digest })),
    // The tag that is copied stays where it is found, or the document could not be read again.
    lookup: digest === undefined ? lookup.set('', copyFrom) : lookup,
    copyFrom,
  };
}

/** What a document without data says is to be copied. */
function sourceOf(wanted: Digest | undefined, given: Lookup): FullReference {
  const exact = wanted === undefined ? undefined : given.get(wanted);
  if (exact !== undefined) return exact;
  const [only, ...others] = given;
  if (only !== undefined && others.length === 0) {
    const [key, reference] = only;
    if (key !== '' || reference.digest !== undefined || reference.tag !== undefined) return reference;
  }
  const fallback = given.get('');
  if (wanted !== undefined && fallback !== undefined) return { ...fallback, digest: wanted };
  throw wrong(
    '/data',
    'is missing, and lookup does not say what to copy: want one entry in it, with a digest or a tag, or a digest in refs',
  );
}

/** Where children are found: in repositories, whatever else was said of them. */
function bare(lookup: Lookup): Lookup {
  return new Map([...lookup].map(([digest, { host, repository }]) => [digest, { host, repository }]));
}

function readType(value: Ordered | undefined): DeployDocument['type'] {
  if (value === 'manifest' || value === 'blob') return value;
  throw wrong('/type', `${value === undefined ? 'is missing' : shown(value)}: want "manifest" or "blob"`);
}

function readRefs(value: Ordered | undefined, type: DeployDocument['type']): readonly FullReference[] {
  if (value === undefined || value === null) throw wrong('/refs', 'is missing: want a list of references');
  if (!Array.isArray(value)) throw wrong('/refs', `${shown(value)}: want a list of references`);
  if (value.length === 0) throw wrong('/refs', 'is empty: want at least one reference');
  let common: Digest | undefined;
  return value.map((text: Ordered, at) => {
    const pointer = `/refs/${at}`;
    const reference = readReference(text, pointer);
    const { digest, tag } = reference;
    if (digest !== undefined && common !== undefined && digest !== common)
      throw wrong(pointer, `has the digest ${digest}, but another one has ${common}`);
    common ??= digest;
    if (type === 'blob' && tag !== undefined) throw wrong(pointer, `a blob cannot have the tag "${tag}"`);
    return reference;
  });
}

function readLookup(value: Ordered | undefined): Lookup {
  const lookup: Lookup = new Map();
  if (value === undefined || value === null) return lookup;
  if (!isOrderedObject(value)) throw wrong('/lookup', `${shown(value)}: want an object of references`);
  for (const [key, text] of value) {
    const pointer = `/lookup/${escaped(key)}`;
    const digest = key === '' ? key : readKey(key, pointer);
    const reference = readReference(text, pointer);
    if (digest === '') lookup.set('', reference);
    else if (reference.digest === undefined || reference.digest === digest)
      lookup.set(digest, { ...reference, digest });
    else throw wrong(pointer, `has the digest ${reference.digest}, not that of its key`);
  }
  return lookup;
}

function readKey(key: string, pointer: string): Digest {
  try {
    return parseDigest(detached(key));
  } catch (error) {
    throw wrong(pointer, (error as Invalid).message);
  }
}

function readReference(value: Ordered, pointer: string): FullReference {
  if (typeof value !== 'string') throw wrong(pointer, `${shown(value)}: want a reference`);
  try {
    return parseDockerName(detached(value));
  } catch (error) {
    throw wrong(pointer, (error as Invalid).message);
  }
}

/** A part of a text keeps the whole of it in memory; a copy does not. */
function detached(text: string): string {
  return Buffer.from(text).toString();
}

/** @returns undefined for none, which `null` means too */
function readData(value: Ordered | undefined): Uint8Array | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') {
    const text = formatJson(value);
    return Buffer.from(text.includes('\n') ? `${text}\n` : text);
  }
  // Lines of base64 are one text.
  const encoded = value.replace(/[\r\n]/g, '');
  if (encoded.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(encoded))
    throw wrong('/data', 'a string there has to be base64, with its padding');
  return Buffer.from(encoded, 'base64');
}

/** The type has to be in the manifest itself: one that is told beside it could make two documents out of the same bytes. */
function readMediaType(data: Uint8Array): string {
  let manifest: unknown;
  try {
    manifest = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch {
    throw wrong('/data', 'a manifest has to be JSON');
  }
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest))
    throw wrong('/data', 'a manifest has to be a JSON object');
  const { mediaType } = manifest as { readonly mediaType?: unknown };
  if (typeof mediaType === 'string' && mediaType !== '') return mediaType;
  throw wrong('/data/mediaType', 'is missing: a manifest that is pushed has to say its type');
}

/** @see https://www.rfc-editor.org/rfc/rfc6901 */
function escaped(key: string): string {
  return printable(key.replaceAll('~', '~0').replaceAll('/', '~1'));
}

function shown(value: Ordered): string {
  return printable(formatJson(value, { compact: true }), 60);
}

function wrong(pointer: string, message: string): Invalid {
  return new Invalid('document', message, pointer);
}
