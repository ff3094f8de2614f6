import {
  childBlobs,
  childManifests,
  createHasher,
  Invalid,
  isDigest,
  isImageType,
  isIndexType,
  isObject,
  parseJson,
  parseManifest,
  verifiableAlgorithm,
  type Digest,
  type Json,
} from '../../oci/index.ts';
import { collect, DOCUMENT_LIMIT } from '../../registry/index.ts';
import { readFileBytes, statBlob } from './blob-file.ts';
import { isAbsent, layoutInvalid } from './failure.ts';
import type { LayoutPlace } from './snapshot.ts';

/** Something that is led to, and may lead on. Of what nothing but the digest is known, the bytes have to tell. */
export interface Step {
  readonly digest: Digest;
  readonly mediaType?: string;
  /** The bytes in base64, where the descriptor has them. */
  readonly data?: string;
}

/** Where a document leads. */
export interface Leads {
  readonly steps: readonly Step[];
  /** What leads no further: configs and layers. */
  readonly blobs: readonly Digest[];
  readonly subject?: Digest;
}

/**
 * Reads where the documents of one layout lead, each once: what a digest names does not change. Unlike `Documents`, which
 * tells what can be served, it errs on the side of finding too much, and fails where it may find too little.
 */
export interface Trail {
  /**
   * Where something leads; undefined if it is not there.
   * @throws {RegistryError} `LAYOUT_INVALID` for a manifest that cannot be read, `BLOB_NOT_REGULAR`.
   */
  read(step: Step): Promise<Leads | undefined>;
}

const NOWHERE: Leads = { steps: [], blobs: [] };

/** Begins with nothing read. What is not there is looked for again each time, as it may come. */
export function createTrail(place: LayoutPlace): Trail {
  const known = new Map<string, Leads>();
  return {
    async read(step) {
      const type = step.mediaType ?? '';
      const understood = isIndexType(type) || isImageType(type);
      const key = understood ? `${type} ${step.digest}` : step.digest;
      const held = known.get(key);
      if (held !== undefined) return held;
      const leads = understood ? await readManifest(place, step, type) : await readAnything(place, step);
      if (leads !== undefined) known.set(key, leads);
      return leads;
    },
  };
}

async function readManifest(
  { path, repository }: LayoutPlace,
  { digest, data }: Step,
  mediaType: string,
): Promise<Leads | undefined> {
  const invalid = (problem: string, cause?: unknown): Error =>
    layoutInvalid(repository, `blobs/${digest.replace(':', '/')}`, problem, cause);
  const file = await statBlob(path, digest);
  if (file === undefined && data === undefined) return undefined;
  if (file !== undefined && file.size > DOCUMENT_LIMIT)
    throw invalid(`it has ${file.size} bytes, more than a manifest may`);
  const bytes = file === undefined ? Buffer.from(data ?? '', 'base64') : await readBytes(file.path);
  if (bytes === undefined) return undefined;
  if (!isMeant(bytes, digest)) throw invalid('its bytes are not those of its digest');
  try {
    const manifest = parseManifest(bytes, mediaType);
    const { subject } = manifest;
    const blobs = childBlobs(manifest).map((child) => child.digest);
    const children = childManifests(manifest);
    if (subject === undefined) return { steps: children, blobs };
    // A subject need not be there; where it is, it is referred to.
    return { steps: [...children, subject], blobs, subject: subject.digest };
  } catch (error) {
    if (error instanceof Invalid) throw invalid(error.message, error);
    throw error;
  }
}

/** Of a type that we do not know: if it is JSON, it leads to every digest that stands in it. */
async function readAnything({ path }: LayoutPlace, { digest }: Step): Promise<Leads | undefined> {
  const file = await statBlob(path, digest);
  if (file === undefined) return undefined;
  if (file.size > DOCUMENT_LIMIT || !(await startsAsObject(file.path))) return NOWHERE;
  const bytes = await readBytes(file.path);
  if (bytes === undefined) return undefined;
  try {
    const document = parseJson(bytes);
    const found = new Set<Digest>();
    gatherDigests(document, found);
    const subject = isObject(document) && isObject(document['subject']) && document['subject']['digest'];
    if (found.size === 0) return NOWHERE;
    return {
      steps: [...found].map((named) => ({ digest: named })),
      blobs: [],
      ...(typeof subject === 'string' && isDigest(subject) && { subject }),
    };
  } catch (error) {
    if (error instanceof Invalid) return NOWHERE;
    throw error;
  }
}

/** The depth is bounded by `parseJson`. */
function gatherDigests(value: Json, found: Set<Digest>): void {
  if (typeof value === 'string') {
    if (isDigest(value) && verifiableAlgorithm(value) !== undefined) found.add(value);
  } else if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value) as readonly Json[]) gatherDigests(inner, found);
  }
}

async function startsAsObject(path: string): Promise<boolean> {
  const start = await readBytes(path, 1);
  return start?.[0] === 0x7b;
}

/** Undefined if it is gone by now. */
async function readBytes(path: string, end?: number): Promise<Uint8Array | undefined> {
  try {
    return await collect(readFileBytes(path, end === undefined ? {} : { range: { start: 0, end } }));
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function isMeant(bytes: Uint8Array, digest: Digest): boolean {
  const algorithm = verifiableAlgorithm(digest);
  if (algorithm === undefined) return true;
  const hasher = createHasher(algorithm);
  hasher.update(bytes);
  return hasher.digest() === digest;
}
