import type { Annotations } from './annotation.ts';
import { isDigest, parseDigest, verifiableAlgorithm, type Digest } from './digest.ts';
import { digestOf } from './hash.ts';
import { Invalid, printable } from './invalid.ts';
import { isObject, type Json } from './json.ts';
import { isMediaType } from './mediatype.ts';
import type { Platform } from './platform.ts';
import { checkSpelling, decisiveNames } from './spelling.ts';

/**
 * Names some content: its type, digest and size in bytes.
 * @see https://github.com/opencontainers/image-spec/blob/main/descriptor.md
 */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly urls?: readonly string[];
  readonly annotations?: Annotations;
  /** The content itself, in base64. Checked against digest and size when the descriptor is read. */
  readonly data?: string;
  readonly platform?: Platform;
  readonly artifactType?: string;
}

const DECISIVE = decisiveNames(
  'descriptor',
  'mediaType',
  'digest',
  'size',
  'data',
  'urls',
  'annotations',
  'platform',
  'artifactType',
);

/**
 * Checks one descriptor of a document.
 * @param value what JSON gave
 * @param pointer where it stands in the document, for the error
 * @returns the same object: fields that are not known stay.
 * @throws {Invalid} subject `descriptor`, with a pointer to the field.
 */
export function parseDescriptor(value: Json | undefined, pointer: string): Descriptor {
  if (!isObject(value)) throw new Invalid('descriptor', 'want a descriptor', pointer);
  checkSpelling(value, DECISIVE, pointer);
  const { mediaType, digest, size } = value;
  if (typeof mediaType !== 'string' || !isMediaType(mediaType)) {
    throw wrong(pointer, 'mediaType', 'want a media type', mediaType);
  }
  if (typeof digest !== 'string' || !isDigest(digest)) {
    throw wrong(pointer, 'digest', typeof digest === 'string' ? messageOf(digest) : 'want a digest', digest);
  }
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw wrong(pointer, 'size', 'want a whole number of bytes', size);
  }
  checkOptional(value, pointer);
  checkEmbedded(value['data'], digest, size, pointer);
  return value as unknown as Descriptor;
}

/** Annotations: an object whose values are texts. `null`, which Go's encoder writes for a nil map, counts as absent. */
export function checkAnnotations(value: Json | undefined, pointer: string): void {
  if (value === undefined || value === null) return;
  if (!isObject(value)) throw new Invalid('descriptor', 'want an object of texts', pointer);
  for (const key of Object.keys(value)) {
    if (typeof value[key] !== 'string') {
      throw new Invalid(
        'descriptor',
        'want a text',
        `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      );
    }
  }
}

function checkOptional(value: { readonly [name: string]: Json }, pointer: string): void {
  const { urls, annotations, artifactType, platform } = value;
  checkAnnotations(annotations, `${pointer}/annotations`);
  if (urls !== undefined && urls !== null) {
    if (!Array.isArray(urls) || !urls.every((url) => typeof url === 'string')) {
      throw wrong(pointer, 'urls', 'want a list of texts', urls);
    }
  }
  if (artifactType !== undefined && artifactType !== null && typeof artifactType !== 'string') {
    throw wrong(pointer, 'artifactType', 'want a text', artifactType);
  }
  if (platform !== undefined && platform !== null) checkPlatform(platform, `${pointer}/platform`);
}

// An empty platform stands in real indexes, and is repaired from the config; so only the types are checked.
function checkPlatform(platform: Json, pointer: string): void {
  if (!isObject(platform)) throw new Invalid('descriptor', 'want an object', pointer);
  for (const field of ['architecture', 'os', 'os.version', 'variant']) {
    const text = platform[field];
    if (text !== undefined && typeof text !== 'string') throw wrong(pointer, field, 'want a text', text);
  }
  const features = platform['os.features'];
  if (features === undefined || features === null) return;
  if (!Array.isArray(features) || !features.every((feature) => typeof feature === 'string')) {
    throw wrong(pointer, 'os.features', 'want a list of texts', features);
  }
}

function checkEmbedded(data: Json | undefined, digest: Digest, size: number, pointer: string): void {
  if (data === undefined || data === null) return;
  if (typeof data !== 'string') throw wrong(pointer, 'data', 'want base64', data);
  const bytes = Buffer.from(data, 'base64');
  // Node's decoder passes over what is not base64, so the text has to come out as it went in.
  if (bytes.toString('base64') !== data)
    throw new Invalid('descriptor', 'not valid base64', `${pointer}/data`);
  const algorithm = verifiableAlgorithm(digest);
  if (bytes.length !== size || (algorithm !== undefined && digestOf(bytes, algorithm) !== digest)) {
    throw new Invalid('descriptor', 'does not match digest and size', `${pointer}/data`);
  }
}

function messageOf(digest: string): string {
  try {
    return parseDigest(digest);
  } catch (error) {
    return (error as Invalid).message;
  }
}

function wrong(pointer: string, field: string, message: string, value: Json | undefined): Invalid {
  const got = value === undefined ? 'nothing' : printable(JSON.stringify(value), 80);
  return new Invalid('descriptor', `${message}, got ${got}`, `${pointer}/${field}`);
}
