import {
  blobDescriptor,
  checkDigest,
  checkRepository,
  isDenied,
  isRegistryError,
  openable,
  type Registry,
} from '../registry/index.ts';
import { begin, mountOrBegin } from './begin.ts';
import type { ClientOptions } from './options.ts';
import { createPushBody } from './push-body.ts';
import { isBeforeLast, positionAt, sendChunk, sendRest, type Position, type Push } from './push-chunk.ts';
import { graceAfter, type Grace } from './push-grace.ts';
import { recover, type Recovery } from './push-recover.ts';
import { pushPatience } from './push-setback.ts';
import { fitsPost, postWhole } from './push-single.ts';
import type { Session } from './session.ts';
import { askStanding, isThere, type Standing } from './upload-answer.ts';
import { openBookmark } from './upload-bookmark.ts';

/** How blobs are pushed. */
export type PushSettings = Pick<ClientOptions, 'uploadLog' | 'chunkSize' | 'singlePost'>;

export function pushOperations(session: Session, settings: PushSettings): Pick<Registry, 'pushBlob'> {
  const { uploadLog, chunkSize, singlePost = false } = settings;
  if (chunkSize !== undefined && !(Number.isSafeInteger(chunkSize) && chunkSize > 0))
    throw new RangeError(`no size of a chunk: ${chunkSize}; it is a whole number of bytes, at least 1`);
  return {
    async pushBlob(repository, { digest, size }, source, { mountFrom, signal } = {}) {
      checkRepository(repository);
      checkDigest(digest);
      if (mountFrom !== undefined) checkRepository(mountFrom);
      signal?.throwIfAborted();
      const given = openable(source);
      const body = createPushBody(given, size);
      const push: Push = { session, repository, digest, size, body, chunkSize, signal };
      const bookmark = await openBookmark(session, uploadLog, push);
      const recovery: Recovery = { patience: pushPatience(session), bookmark, renewals: 0 };
      const posts = singlePost && given.bytes !== undefined && fitsPost(size, mountFrom !== undefined);
      try {
        const start = posts ? await posted(push) : await found(push, mountFrom, recovery);
        if (start !== undefined)
          await sendAll(push, start, recovery, bookmark && graceAfter(signal, session.clock));
        await bookmark?.forget();
        return blobDescriptor(digest, size);
      } finally {
        body.close();
        await bookmark?.close();
      }
    },
  };
}

/** Sends a blob with the first request. @returns undefined if that was all. */
async function posted(push: Push): Promise<Position | undefined> {
  const standing = await postWhole(push);
  return standing && positionAt(push, standing, { chunk: undefined, isResumed: false });
}

/** Finds out where to begin: where an earlier process ended, or at the start. @returns undefined if the blob is there. */
async function found(
  push: Push,
  mountFrom: string | undefined,
  { bookmark }: Recovery,
): Promise<Position | undefined> {
  const { session, repository, digest, size, body, signal } = push;
  const marked = bookmark?.location;
  if (marked !== undefined) {
    const standing = await askLeft(push, marked);
    if (standing !== undefined && standing.offset <= size && body.canStartAt(standing.offset)) {
      session.tell({
        type: 'upload-resume',
        host: session.host,
        repository,
        digest,
        offset: standing.offset,
      });
      return positionAt(push, standing, { chunk: undefined, isResumed: true });
    }
    // The process may have ended between the last answer and taking note of it.
    if (standing === undefined && (await isThere(push))) return undefined;
  }
  const standing =
    mountFrom === undefined
      ? await begin(session, repository, signal)
      : await mountOrBegin(session, repository, digest, { from: mountFrom, signal });
  if (standing === undefined) return undefined;
  await bookmark?.keep(standing.location);
  return positionAt(push, standing, { chunk: undefined, isResumed: false });
}

/**
 * Asks where the upload of an earlier push stands. What refuses or fails this one question need not fail the push: another
 * account may have begun the upload, and there are registries that trip over what they have lost.
 * @returns undefined if it cannot be gone on with
 */
async function askLeft({ session, repository, signal }: Push, location: URL): Promise<Standing | undefined> {
  try {
    return await askStanding(session, repository, location, signal);
  } catch (error) {
    if (isDenied(error) || (isRegistryError(error) && error.status === 500)) return undefined;
    throw error;
  }
}

/** Sends all of a blob, from a position on, and takes it up again after setbacks. */
async function sendAll(
  push: Push,
  start: Position,
  recovery: Recovery,
  grace: Grace | undefined,
): Promise<void> {
  const { signal, size } = push;
  const { patience, bookmark } = recovery;
  // Worth finishing is what is kept in mind: the next process goes on behind it.
  const patient = grace?.signal ?? signal;
  let at = start;
  try {
    for (;;) {
      try {
        while (isBeforeLast(at, size)) {
          const { position, doubt } = await sendChunk(push, at, patient);
          at = position;
          if (doubt !== undefined) throw doubt;
          patience.reached(at.offset);
          await bookmark?.keep(at.location);
          signal?.throwIfAborted();
        }
        return await sendRest(push, at, at.chunk === undefined ? signal : patient);
      } catch (error) {
        push.body.endRequest();
        const next = await recover(push, at, error, recovery);
        if (next === 'there') return;
        at = next;
      }
    }
  } finally {
    grace?.release();
  }
}
