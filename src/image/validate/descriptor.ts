import {
  digestOf,
  isMediaType,
  isObject,
  parseDigest,
  verifiableAlgorithm,
  type Digest,
  type Invalid,
  type Json,
} from '../../oci/index.ts';
import { must, official, should, shown, within, type Finding } from './finding.ts';
import { platformRules, textList } from './platform.ts';

/**
 * A descriptor, wherever it stands.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md
 */
export function* descriptorRules(value: Json | undefined, pointer: string): Generator<Finding> {
  if (!isObject(value)) return yield must(pointer, `want a descriptor, got ${shown(value)}`);
  const { mediaType, digest, size, urls, annotations, data, artifactType, platform } = value;
  if (mediaType === undefined) yield must(within(pointer, 'mediaType'), 'is missing');
  else yield* mediaTypeRules(mediaType, within(pointer, 'mediaType'));
  yield* digestRules(digest, within(pointer, 'digest'));
  if (typeof size !== 'number' || !Number.isInteger(size) || size < 0)
    yield must(within(pointer, 'size'), `want a whole number of bytes, got ${shown(size)}`);
  if (urls !== undefined) yield* urlRules(urls, within(pointer, 'urls'));
  if (annotations !== undefined) yield* annotationRules(annotations, within(pointer, 'annotations'));
  if (data !== undefined) yield* dataRules(data, digest, size, within(pointer, 'data'));
  if (artifactType !== undefined) yield* mediaTypeRules(artifactType, within(pointer, 'artifactType'));
  if (platform !== undefined) yield* platformRules(platform, within(pointer, 'platform'));
}

/** A media type, as RFC 6838 has it. */
export function* mediaTypeRules(value: Json, pointer: string): Generator<Finding> {
  if (typeof value !== 'string' || !isMediaType(value))
    yield must(pointer, `want a media type, got ${shown(value)}`);
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests */
export function* digestRules(value: Json | undefined, pointer: string): Generator<Finding> {
  if (typeof value !== 'string') return yield must(pointer, `want a digest, got ${shown(value)}`);
  let digest: Digest;
  try {
    digest = parseDigest(value);
  } catch (error) {
    return yield must(pointer, (error as Invalid).message);
  }
  if (verifiableAlgorithm(digest) !== undefined) return;
  if (!digest.startsWith('blake3:')) {
    yield official(pointer, `want sha256, sha512 or blake3, got ${shown(value)}`);
  } else if (!/^blake3:[0-9a-f]{64}$/.test(digest)) {
    yield must(pointer, `blake3 needs 64 lowercase hex characters, got ${shown(value)}`);
  } else {
    yield unverifiable(pointer, digest);
  }
}

/** Says of a digest that nobody here can compute it: whatever has it, may be something else. */
export function unverifiable(pointer: string, digest: Digest): Finding {
  return official(pointer, `${shown(digest)} cannot be verified here`);
}

/** @see https://github.com/opencontainers/image-spec/blob/v1.1.1/annotations.md#rules */
export function* annotationRules(value: Json, pointer: string): Generator<Finding> {
  if (!isObject(value)) return yield must(pointer, `want an object of texts, got ${shown(value)}`);
  for (const [key, text] of Object.entries(value)) {
    const place = within(pointer, key);
    if (typeof text !== 'string') yield must(place, `want a text, got ${shown(text)}`);
    if (!key.includes('.')) yield should(place, 'names of annotations begin with a domain: org.example.name');
  }
}

function* urlRules(urls: Json, pointer: string): Generator<Finding> {
  yield* textList(urls, pointer);
  if (!Array.isArray(urls)) return;
  for (const [at, url] of (urls as readonly Json[]).entries())
    if (typeof url === 'string' && !URL.canParse(url))
      yield must(within(pointer, at), `want a URL, got ${shown(url)}`);
  if (urls.length > 0) yield official(pointer, 'content is in the registry, and not elsewhere');
}

function* dataRules(
  data: Json,
  digest: Json | undefined,
  size: Json | undefined,
  pointer: string,
): Generator<Finding> {
  if (typeof data !== 'string') return yield must(pointer, `want base64, got ${shown(data)}`);
  const bytes = Buffer.from(data, 'base64');
  // Node's decoder passes over what is not base64, so the text has to come out as it went in.
  if (bytes.toString('base64') !== data) return yield must(pointer, 'is not valid base64');
  if (typeof size === 'number' && bytes.length !== size)
    return yield must(pointer, `has ${bytes.length} bytes, and size says ${size}`);
  const algorithm = typeof digest === 'string' ? verifiableAlgorithm(digest as Digest) : undefined;
  const got = algorithm === undefined ? undefined : digestOf(bytes, algorithm);
  if (got !== undefined && got !== digest) yield must(pointer, `is ${got}, and not what digest says`);
}
