import { openable, openAt, type OpenableSource, type Watched } from '../registry/index.ts';
import type { RequestBody } from '../transport/index.ts';
import { sized, wrongSize } from './body.ts';

/**
 * The bytes of a blob, to be sent in one request or in several, from the start or from where an upload broke off.
 * Requests that follow each other share one pass over the source, of which nothing is held but the piece that is sent.
 */
export interface PushBody {
  /** What the source failed with by itself: that is no fault of the registry's, and no reason to try again. */
  readonly failure: Watched['failure'];
  /** Whether the bytes from an offset on can be had: always, but for a stream that has gone past them. */
  canStartAt(offset: number): boolean;
  /** The bytes from an offset up to, not including, an end. It fails if the source ends before, or goes on after the last. */
  part(offset: number, end: number): RequestBody;
  /** Frees the source. */
  close(): void;
}

/** @param size of the blob, in bytes @throws {RegistryError} `SIZE_INVALID` for bytes that are not so many. */
export function createPushBody(source: OpenableSource, size: number): PushBody {
  if (source.bytes !== undefined) return bodyOfBytes(source.bytes, sized(source, size));
  let pass: Pass | undefined;
  let failure: Watched['failure'];
  const passAt = (offset: number): Pass => {
    if (pass?.offset === offset && !pass.isOver) return pass;
    pass?.leave();
    return (pass = createPass(source, offset, size));
  };
  const read = async function* (offset: number, end: number): AsyncGenerator<Uint8Array> {
    let own: Pass | undefined;
    try {
      own = passAt(offset);
      while (own.offset < end) yield await own.read(end - own.offset);
      if (end === size) await own.finish();
    } catch (error) {
      // What a pass that was left behind fails with concerns nobody.
      if (own === undefined || own === pass) failure = { error };
      throw error;
    }
  };
  return {
    get failure() {
      return failure;
    },
    canStartAt: (offset) =>
      source.replayable || pass === undefined || (pass.offset === offset && !pass.isOver),
    part(offset, end) {
      // All of it is there already; only that nothing has no bytes is left to be seen.
      if (offset === end && size > 0) return { ...openable(new Uint8Array()), size: 0 };
      return { replayable: source.replayable, size: end - offset, open: () => read(offset, end) };
    },
    close: () => pass?.leave(),
  };
}

function bodyOfBytes(bytes: Uint8Array, whole: RequestBody): PushBody {
  return {
    failure: undefined,
    canStartAt: () => true,
    part(offset, end) {
      if (end - offset === bytes.length) return whole;
      return { ...openable(bytes.subarray(offset, end)), size: end - offset };
    },
    close() {},
  };
}

/** One pass over the source, read piece by piece. */
interface Pass {
  /** Of the next piece, in the blob. */
  readonly offset: number;
  readonly isOver: boolean;
  /** The next piece. @param most how many bytes it may have */
  read(most: number): Promise<Uint8Array>;
  /** Makes sure that nothing comes any more. */
  finish(): Promise<void>;
  leave(): void;
}

function createPass(source: OpenableSource, start: number, size: number): Pass {
  const wanted = new AbortController();
  const iterator = openAt(source, start, wanted.signal)[Symbol.asyncIterator]();
  let offset = start;
  let rest: Uint8Array = new Uint8Array();
  let [waiting, over] = [false, false];
  const next = async (): Promise<Uint8Array | undefined> => {
    waiting = true;
    try {
      const { done, value } = await iterator.next();
      over ||= done === true;
      return done === true ? undefined : value;
    } catch (error) {
      over = true;
      throw error;
    } finally {
      waiting = false;
    }
  };
  const fill = async (): Promise<boolean> => {
    while (rest.length === 0) {
      const piece = await next();
      if (piece === undefined) return false;
      rest = piece;
    }
    if (offset + rest.length > size) throw wrongSize(size, offset + rest.length);
    return true;
  };
  return {
    get offset() {
      return offset;
    },
    get isOver() {
      return over;
    },
    async read(most) {
      if (!(await fill())) throw wrongSize(size, offset);
      const piece = rest.subarray(0, most);
      rest = rest.subarray(piece.length);
      offset += piece.length;
      return piece;
    },
    async finish() {
      await fill();
    },
    leave() {
      if (over) return;
      over = true;
      // A stream that waits for its next piece does not hear of it that nobody wants that any more.
      if (waiting) wanted.abort();
      void iterator.return?.()?.catch(() => {});
    },
  };
}
