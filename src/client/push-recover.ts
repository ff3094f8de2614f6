import { begin, cancelUpload } from './begin.ts';
import { CHUNK, positionAt, type Position, type Push } from './push-chunk.ts';
import { isForNow, setbackOf, type PushPatience, type Setback } from './push-setback.ts';
import { askStanding, isThere } from './upload-answer.ts';
import type { Bookmark } from './upload-bookmark.ts';

/** What is at hand for a push that goes wrong. */
export interface Recovery {
  readonly patience: PushPatience;
  readonly bookmark: Bookmark | undefined;
  /** How often the upload was begun anew. */
  renewals: number;
}

/** An upload that is lost is begun anew so often. */
const MOST_RENEWALS = 2;
/** After so many breaks in a row the rest goes in chunks: some proxies close the connection on what is too large for them. */
const BREAKS_BEFORE_CHUNKS = 3;
/** What is tried where a request was too large, in bytes; nginx takes a megabyte, unless told. */
const SMALLER: readonly number[] = [CHUNK, 4 * 1024 * 1024, 1024 * 1024];

/**
 * Finds out how to go on with a push that was set back.
 * @returns where; or `there`: the blob is, though nobody had told us
 * @throws what the push failed with, if there is no way on.
 */
export async function recover(
  push: Push,
  at: Position,
  failure: unknown,
  recovery: Recovery,
): Promise<Position | 'there'> {
  const { session, body, signal, repository, digest } = push;
  const { patience, bookmark } = recovery;
  const setback = signal?.aborted || body.failure !== undefined ? undefined : setbackOf(failure, at);
  if (setback === undefined || !patience.has(setback)) return giveUp(push, at, failure, bookmark);
  const chunk = chunkAfter(setback, push, at, patience);
  if (setback === 'too large' && chunk === undefined) return giveUp(push, at, failure, bookmark);
  let next: Position | undefined;
  try {
    if (setback === 'broken') await patience.pause(signal);
    next = await whereItStands(push, { ...at, chunk }, setback);
  } catch (error) {
    return giveUp(push, at, error, bookmark);
  }
  if (next === undefined) {
    if (setback !== 'spoilt' && (await isThere(push))) return 'there';
    if (!body.canStartAt(0) || recovery.renewals++ >= MOST_RENEWALS)
      return giveUp(push, at, failure, bookmark);
    next = await beginAnew(push, chunk);
  } else {
    if (!body.canStartAt(next.offset)) return giveUp(push, at, failure, bookmark);
    patience.reached(next.offset);
  }
  await bookmark?.keep(next.location);
  session.tell({ type: 'upload-resume', host: session.host, repository, digest, offset: next.offset });
  return next;
}

/** Begins an upload in the place of one that was lost. */
async function beginAnew(push: Push, chunk: number | undefined): Promise<Position> {
  const standing = await begin(push.session, push.repository, push.signal);
  return positionAt(push, standing, { chunk, isResumed: false });
}

/** Asks for what is known of the upload. Undefined if it is of no use any more. */
async function whereItStands(
  push: Push,
  { location, chunk }: Position,
  setback: Setback,
): Promise<Position | undefined> {
  if (setback === 'gone' || setback === 'spoilt') return undefined;
  const { session, repository, size, signal } = push;
  const standing = await askStanding(session, repository, location, signal);
  if (standing === undefined || standing.offset > size) return undefined;
  return positionAt(push, standing, { chunk, isResumed: true });
}

/** How much goes into a request after a setback. */
function chunkAfter(
  setback: Setback,
  { size }: Push,
  { chunk, offset, minimumChunk }: Position,
  { breaks }: PushPatience,
): number | undefined {
  const sent = Math.min(chunk ?? size, size - offset);
  if (setback === 'too large') return SMALLER.find((less) => less < sent && less >= minimumChunk);
  if (chunk === undefined && breaks >= BREAKS_BEFORE_CHUNKS && sent > CHUNK) return CHUNK;
  return chunk;
}

/** Leaves the upload to whoever comes later, if that may be of use; else it is cancelled. */
async function giveUp(
  { session, repository, signal }: Push,
  { location }: Position,
  error: unknown,
  bookmark: Bookmark | undefined,
): Promise<never> {
  if (bookmark !== undefined && (signal?.aborted || isForNow(error))) await bookmark.keep(location);
  else {
    await bookmark?.forget();
    await cancelUpload(session, repository, location);
  }
  throw signal?.aborted ? signal.reason : error;
}
