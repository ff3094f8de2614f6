import { createHasher, digestOf, verifiableAlgorithm, type Descriptor, type Digest } from '../oci/index.ts';
import { RegistryError, type ErrorFacts } from './error.ts';

/** Bytes from `start` up to, not including, `end`; without `end`, to the last one. As `slice` counts. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

/**
 * What is read from a registry: a descriptor, and the bytes that it promises.
 *
 * Size and digest are those asked for, and reading fails at the end if the bytes do not meet them: whoever
 * reads to the end has what was asked for. Two things cannot be verified beyond their length: the part of a blob
 * (`range`), and what is named by a digest that is neither sha256 nor sha512.
 * Content can be read once. Who does not read to the end calls `cancel`, or leaves the loop.
 */
export interface Content extends AsyncIterable<Uint8Array> {
  /** Of the whole, also where a part was asked for. */
  readonly descriptor: Descriptor;
  /** The part that the bytes are of, if one was asked for. */
  readonly range?: Required<ByteRange>;
  /**
   * All bytes, verified.
   * @param limit how many bytes at most, else `SIZE_INVALID`; 4 MiB unless told
   */
  bytes(limit?: number): Promise<Uint8Array>;
  /** All bytes as UTF-8 text, verified. */
  text(limit?: number): Promise<string>;
  /** All bytes as JSON, verified. */
  json<T>(limit?: number): Promise<T>;
  /** Frees what stands behind bytes that will not be read. */
  cancel(): Promise<void>;
}

/** The size up to which documents are read into memory: what registries must accept as a manifest. */
export const DOCUMENT_LIMIT: number = 4 * 1024 * 1024;

/** What is needed to make content of a stream of bytes. */
export interface ContentParts {
  readonly descriptor: Descriptor;
  readonly range?: Required<ByteRange>;
  /** Where errors should say that they come from. */
  readonly facts?: ErrorFacts;
  /** Frees what stands behind the stream, where that was not begun, or has stalled: then it must end the read. */
  readonly release?: () => Promise<void>;
}

/** Content of bytes that come from elsewhere; they are verified while they pass. */
export function contentOf(
  stream: AsyncIterable<Uint8Array>,
  { descriptor, range, facts, release }: ContentParts,
): Content {
  let iterator: AsyncGenerator<Uint8Array> | undefined;
  // How many reads the stream has not answered; before the first it was not begun.
  let waiting: number | undefined;
  const opened: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]() {
      waiting = 0;
      const inner = stream[Symbol.asyncIterator]();
      return {
        async next() {
          waiting = 1;
          try {
            return await inner.next();
          } finally {
            waiting = 0;
          }
        },
        return: async (value) => (await inner.return?.(value)) ?? { done: true, value },
      };
    },
  };
  const verified = (): AsyncGenerator<Uint8Array> =>
    range === undefined
      ? verify(opened, descriptor.digest, descriptor.size, facts)
      : measure(opened, range.end - range.start, facts);
  const start = (): AsyncGenerator<Uint8Array> => {
    if (iterator !== undefined) throw consumed(facts);
    return (iterator = verified());
  };
  const bytes = async (limit: number = DOCUMENT_LIMIT): Promise<Uint8Array> => {
    const size = sizeOf(descriptor, range);
    if (size > limit) {
      await cancel();
      throw tooLarge(descriptor.digest, size, limit, facts);
    }
    return collect(start());
  };
  const text = async (limit?: number): Promise<string> => new TextDecoder().decode(await bytes(limit));
  const cancel = async (): Promise<void> => {
    // A generator of which nothing was asked runs none of its `finally`, and one that waits for a read is not heard
    // before that has ended.
    const returned = iterator?.return(undefined);
    if (waiting !== 0) await release?.();
    await returned;
  };
  return {
    descriptor,
    ...(range !== undefined && { range }),
    [Symbol.asyncIterator]: start,
    bytes,
    text,
    json: async <T>(limit?: number) => JSON.parse(await text(limit)) as T,
    cancel,
  };
}

/** What is needed to make content of bytes at hand. */
export interface BytesParts extends Omit<ContentParts, 'release'> {
  /** Whoever made the descriptor, or had the bytes before, has seen that they go together. */
  readonly verified?: boolean;
}

/** Content of bytes at hand. */
export function contentOfBytes(
  bytes: Uint8Array,
  { descriptor, range, facts, verified = false }: BytesParts,
): Content {
  const part = range === undefined ? bytes : bytes.subarray(range.start, range.end);
  let begun = false;
  const begin = (): void => {
    if (begun) throw consumed(facts);
    begun = true;
  };
  const checked = (): Uint8Array => {
    checkSize(part.length, sizeOf(descriptor, range), facts);
    if (range === undefined && !verified)
      checkDigest(digestAs(part, descriptor.digest), descriptor.digest, facts);
    return part;
  };
  const all = (limit: number = DOCUMENT_LIMIT): Uint8Array => {
    const size = sizeOf(descriptor, range);
    if (size > limit) throw tooLarge(descriptor.digest, size, limit, facts);
    begin();
    return checked();
  };
  const stream = async function* (): AsyncGenerator<Uint8Array> {
    const whole = checked();
    if (whole.length > 0) yield whole;
  };
  const text = (limit?: number): string => new TextDecoder().decode(all(limit));
  return {
    descriptor,
    ...(range !== undefined && { range }),
    [Symbol.asyncIterator]() {
      begin();
      return stream();
    },
    bytes: async (limit) => all(limit),
    text: async (limit) => text(limit),
    json: async <T>(limit?: number) => JSON.parse(text(limit)) as T,
    cancel: async () => {},
  };
}

function sizeOf({ size }: Descriptor, range: Required<ByteRange> | undefined): number {
  return range === undefined ? size : range.end - range.start;
}

function tooLarge(digest: Digest, size: number, limit: number, facts: ErrorFacts = {}): RegistryError {
  return new RegistryError(
    'SIZE_INVALID',
    `${digest} has ${size} bytes, more than the limit of ${limit}`,
    facts,
  );
}

function consumed(facts: ErrorFacts = {}): RegistryError {
  return new RegistryError('SOURCE_CONSUMED', 'this content was read already', facts);
}

/**
 * Passes bytes on, and fails at the end if they were not those promised. It fails at once when there are too many:
 * size is checked before any digest (image-spec, "Verification").
 * @throws {RegistryError} `SIZE_MISMATCH`, `DIGEST_MISMATCH`.
 */
export async function* verify(
  stream: AsyncIterable<Uint8Array>,
  digest: Digest,
  size: number,
  facts: ErrorFacts = {},
): AsyncGenerator<Uint8Array> {
  const algorithm = verifiableAlgorithm(digest);
  const hasher = algorithm === undefined ? undefined : createHasher(algorithm);
  let held: Uint8Array | undefined;
  for await (const chunk of measure(stream, size, facts)) {
    hasher?.update(chunk);
    // The last piece is kept back until the whole is known to be right, so that a reader who counts bytes
    // instead of waiting for the end does not get all of a wrong blob either.
    if (held !== undefined) yield held;
    held = chunk;
  }
  checkDigest(hasher?.digest(), digest, facts);
  if (held !== undefined) yield held;
}

/** @param got undefined where it cannot be computed */
function checkDigest(got: Digest | undefined, digest: Digest, facts: ErrorFacts = {}): void {
  if (got !== undefined && got !== digest)
    throw new RegistryError('DIGEST_MISMATCH', `expected ${digest}, got ${got}`, facts);
}

/** The digest of some bytes, by the algorithm of another. */
function digestAs(bytes: Uint8Array, digest: Digest): Digest | undefined {
  const algorithm = verifiableAlgorithm(digest);
  return algorithm === undefined ? undefined : digestOf(bytes, algorithm);
}

/** Passes bytes on, and fails if there are more or fewer than promised. */
async function* measure(
  stream: AsyncIterable<Uint8Array>,
  size: number,
  facts: ErrorFacts = {},
): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of stream) {
    seen += chunk.length;
    if (seen > size) checkSize(seen, size, facts);
    if (chunk.length > 0) yield chunk;
  }
  checkSize(seen, size, facts);
}

function checkSize(seen: number, size: number, facts: ErrorFacts = {}): void {
  if (seen !== size)
    throw new RegistryError(
      'SIZE_MISMATCH',
      `expected ${size} bytes, got ${seen > size ? 'more' : seen}`,
      facts,
    );
}

/** Joins what a stream gives. */
export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  if (chunks.length === 1 && chunks[0] !== undefined) return chunks[0];
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
