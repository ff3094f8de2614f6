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
  /** The request that was sent last has failed, though it may not know: a piece that it still waits for is not for it. */
  endRequest(): void;
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
    let own: Turn | undefined;
    try {
      own = passAt(offset).turn();
      for (let at = offset; at < end;) {
        const piece = await own.read(end - at);
        at += piece.length;
        yield piece;
      }
      if (end === size) await own.finish();
    } catch (error) {
      // What a request that is over fails with concerns nobody.
      if (own?.isOver !== true) failure = { error };
      throw error;
    }
  };
  return {
    get failure() {
      return failure;
    },
    canStartAt: (offset) =>
      source.replayable ||
      pass === undefined ||
      (pass.offset === offset && (!pass.isOver || offset === size)),
    part(offset, end) {
      // All of it is there already; only that nothing has no bytes is left to be seen.
      if (offset === end && size > 0) return { ...openable(new Uint8Array()), size: 0 };
      return { replayable: source.replayable, size: end - offset, open: () => read(offset, end) };
    },
    // What can be opened again is let go: it may hold the one connection that there is for asking how to go on.
    endRequest: () => (source.replayable ? pass?.leave() : pass?.endTurn()),
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
    endRequest() {},
    close() {},
  };
}

/** One pass over the source, read piece by piece, by one request after the other. */
interface Pass {
  /** Of the next piece, in the blob. */
  readonly offset: number;
  readonly isOver: boolean;
  /** For the next request; that of the one before has ended. */
  turn(): Turn;
  /** What a request still waits for goes to the next one. */
  endTurn(): void;
  leave(): void;
}

/** What one request reads of a pass. */
interface Turn {
  readonly isOver: boolean;
  /** The next piece. @param most how many bytes it may have */
  read(most: number): Promise<Uint8Array>;
  /** Makes sure that nothing comes any more. */
  finish(): Promise<void>;
}

function createPass(source: OpenableSource, start: number, size: number): Pass {
  const wanted = new AbortController();
  const iterator = openAt(source, start, wanted.signal)[Symbol.asyncIterator]();
  let [offset, turns, over] = [start, 0, false];
  let rest: Uint8Array = new Uint8Array();
  let filling: Promise<void> | undefined;
  const pull = async (): Promise<void> => {
    try {
      const { done, value } = await iterator.next();
      if (done === true) over = true;
      else rest = value;
    } catch (error) {
      over = true;
      throw error;
    } finally {
      filling = undefined;
    }
  };
  const fill = async (): Promise<boolean> => {
    while (rest.length === 0) {
      if (over) return false;
      await (filling ??= pull());
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
    turn() {
      const own = ++turns;
      const fillOwn = async (): Promise<boolean> => {
        const filled = await fill();
        if (own !== turns) throw new Error('another request reads on');
        return filled;
      };
      return {
        get isOver() {
          return own !== turns;
        },
        async read(most) {
          if (!(await fillOwn())) throw wrongSize(size, offset);
          const piece = rest.subarray(0, most);
          rest = rest.subarray(piece.length);
          offset += piece.length;
          return piece;
        },
        async finish() {
          await fillOwn();
        },
      };
    },
    endTurn: () => void turns++,
    leave() {
      turns++;
      if (over) return;
      over = true;
      // A stream that waits for its next piece does not hear of it that nobody wants that any more.
      if (filling !== undefined) wanted.abort();
      void iterator.return?.()?.catch(() => {});
    },
  };
}
