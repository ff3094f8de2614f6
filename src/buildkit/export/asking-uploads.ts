import { randomBytes } from 'node:crypto';
import {
  openable,
  RegistryError,
  suspendable,
  type PlainUpload,
  type Registry,
  type Source,
  type Upload,
} from '../../registry/index.ts';
import type { BlobTarget } from './blob-ingest.ts';

/**
 * Up to which size an upload waits until its digest is known, in bytes. Of layers that are larger before they are
 * compressed, Docker asks whether they are there, and of smaller ones not:
 * https://github.com/moby/moby/blob/v28.5.2/distribution/push_v2.go `getMaxMountAndExistenceCheckAttempts`
 */
const WHOLE = 10_000_000;

/** An upload under way. */
interface Session {
  /** What came so far, unless it goes on to the registry already. */
  held: Uint8Array[];
  offset: number;
  /** That of the registry, to which it all goes. */
  onward?: Upload;
}

/** Uploads from a client that sends what it could have asked for. */
export interface AskingUploads extends Pick<Registry, 'startUpload'> {
  /** Gives up those that have not ended. Never fails. */
  cancel(): Promise<void>;
}

/**
 * Sends small ones on only where the registry does not have them. Larger ones go on while they come.
 * @param life ends them all
 */
export function askingUploads(
  { registry, repository, pushed }: BlobTarget,
  life: AbortSignal,
): AskingUploads {
  const sessions = new Map<string, Session>();
  const find = (id: string): Session => {
    const session = sessions.get(id);
    if (session === undefined)
      throw new RegistryError('BLOB_UPLOAD_UNKNOWN', 'upload is not known', { status: 404, repository });
    return session;
  };
  const append = async (session: Session, chunk: Source, signal: AbortSignal): Promise<void> => {
    const pieces = counted(session, openable(chunk).open());
    if (session.onward === undefined) {
      while (session.offset <= WHOLE) {
        const { done, value } = await pieces.next();
        if (done === true) return;
        session.held.push(value);
      }
      // It outlives the request of the client that has it begin.
      session.onward = await registry.startUpload(repository, { signal: life });
    }
    await session.onward.write(inTurn(session.held.splice(0), pieces), { signal });
  };
  const uploadOf = (id: string, given: AbortSignal | undefined): PlainUpload => {
    const signal = given === undefined ? life : AbortSignal.any([life, given]);
    return {
      id,
      get offset() {
        return find(id).offset;
      },
      minimumChunk: 0,
      write: async (chunk) => append(find(id), chunk, signal),
      async commit(digest, last) {
        const session = find(id);
        if (last !== undefined) await append(session, last.chunk, signal);
        const { held, offset: size, onward } = session;
        // To mount it from where it goes is to ask for it.
        const descriptor =
          onward === undefined
            ? await registry.pushBlob(repository, { digest, size }, Buffer.concat(held), {
                mountFrom: repository,
                signal,
              })
            : await onward.commit(digest);
        sessions.delete(id);
        pushed(digest, size);
        return descriptor;
      },
      async cancel() {
        const session = sessions.get(id);
        sessions.delete(id);
        await session?.onward?.cancel();
      },
    };
  };
  return {
    async startUpload(_repository, { resume, signal } = {}) {
      const id = resume ?? randomBytes(16).toString('hex');
      if (resume === undefined) sessions.set(id, { held: [], offset: 0 });
      else find(resume);
      return suspendable(uploadOf(id, signal), repository);
    },
    async cancel() {
      await Promise.allSettled([...sessions.values()].map(async ({ onward }) => onward?.cancel()));
    },
  };
}

async function* counted(session: Session, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    session.offset += piece.length;
    yield piece;
  }
}

async function* inTurn(
  first: readonly Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* first;
  yield* rest;
}
