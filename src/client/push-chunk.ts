import { mediaTypes, type Digest } from '../oci/index.ts';
import { formatChunkRange } from '../protocol/index.ts';
import type { RegistryError } from '../registry/index.ts';
import { headerValue } from '../transport/index.ts';
import { withDigest } from './begin.ts';
import type { PushBody } from './push-body.ts';
import type { Session } from './session.ts';
import { doubtOf, minimumOf, uploadCall, type Standing } from './upload-answer.ts';

/** A blob on its way. */
export interface Push {
  readonly session: Session;
  readonly repository: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  readonly body: PushBody;
  /** How much the caller wants in one request, in bytes. */
  readonly chunkSize: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** How far a push has come. */
export interface Position extends Standing {
  /** How much of the blob goes into one request, in bytes; undefined for all the rest. */
  readonly chunk: number | undefined;
  /** Whether it was gone on with, so that it may hold what this pass over the source did not send. */
  readonly isResumed: boolean;
}

/** Where the registry loses what a broken request had brought, larger blobs go in chunks. In bytes. */
const LARGE = 64 * 1024 * 1024;
/** What a break costs there at the most, in bytes. */
export const CHUNK: number = 16 * 1024 * 1024;

/**
 * A push at a place that the registry told, with as much in a request as there should be.
 *
 * That is all of the rest, as that is fewest requests and what every registry takes; unless the caller wants chunks, the
 * registry says how large it wants them, or it is distribution. That signs how much it holds into the `_state` of its
 * Location, and no longer knows an upload that holds something else, which is what a broken request leaves behind.
 * @param chunk what was found to be the right size, in bytes
 * @see https://github.com/distribution/distribution/blob/v2.8.3/registry/handlers/blobupload.go
 */
export function positionAt(
  { size, chunkSize }: Push,
  standing: Standing,
  { chunk, isResumed }: Pick<Position, 'chunk' | 'isResumed'>,
): Position {
  const { location, minimumChunk } = standing;
  const forgets = location.searchParams.has('_state') || minimumChunk > 0;
  const wanted = chunk ?? chunkSize ?? (forgets && size > LARGE ? CHUNK : undefined);
  return {
    ...standing,
    chunk: wanted === undefined ? undefined : Math.max(wanted, minimumChunk),
    isResumed,
  };
}

/**
 * How many requests the bytes of a blob take at the most, whichever registry they go to, if none breaks off: those of
 * `ClientOptions.chunkSize`, or those that distribution gets.
 * @param size of the blob, in bytes
 * @param chunkSize how much the caller wants in one, in bytes
 */
export function mostChunks(size: number, chunkSize?: number): number {
  const chunk = chunkSize ?? (size > LARGE ? CHUNK : undefined);
  return chunk === undefined ? 1 : Math.max(1, Math.ceil(size / chunk));
}

/** Whether more than one request is left. */
export function isBeforeLast({ offset, chunk }: Position, size: number): boolean {
  return chunk !== undefined && size - offset > chunk;
}

/** What became of a chunk. */
export interface SentChunk {
  /** As it should be. */
  readonly position: Position;
  /** That the registry says otherwise. Some take part of a chunk, or leave gaps, and say so only here. */
  readonly doubt: RegistryError | undefined;
}

/** Sends a chunk that is not the last. */
export async function sendChunk(
  push: Push,
  at: Position,
  signal: AbortSignal | undefined,
): Promise<SentChunk> {
  const { session, repository, body, size } = push;
  const end = Math.min(size, at.offset + (at.chunk ?? size));
  const call = {
    ...uploadCall('PATCH', repository, at.location, signal),
    headers: chunkHeaders(at.offset, end),
    body: body.part(at.offset, end),
    once: true,
  };
  const answer = await session.call(call, 202, 201, 204);
  await answer.discard();
  const moved = headerValue(answer.headers, 'location') !== undefined;
  const position = {
    ...at,
    location: moved ? session.location(answer) : at.location,
    offset: end,
    minimumChunk: minimumOf(session, answer) ?? at.minimumChunk,
  };
  return { position, doubt: doubtOf(session, call, answer, end) };
}

/** Sends all that is left, and makes a blob of it. */
export async function sendRest(push: Push, at: Position, signal: AbortSignal | undefined): Promise<void> {
  const { session, repository, digest, size, body } = push;
  const response = await session.call(
    {
      ...uploadCall('PUT', repository, withDigest(at.location, digest), signal),
      // What begins an upload needs no place; what goes on with one does, even at its start: what broke off may still be
      // on its way there.
      headers: at.isResumed || at.offset > 0 ? chunkHeaders(at.offset, size) : octets,
      body: body.part(at.offset, size),
      once: true,
    },
    201,
    204,
  );
  await response.discard();
}

const octets: Readonly<Record<string, string>> = { 'content-type': mediaTypes.octetStream };

/** The rest of nothing has no place. */
function chunkHeaders(offset: number, end: number): Readonly<Record<string, string>> {
  return offset < end ? { ...octets, 'content-range': formatChunkRange(offset, end - offset) } : octets;
}
