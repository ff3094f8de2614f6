import type { Digest } from '../oci/index.ts';
import type { ByteRange } from '../registry/index.ts';
import { headerValue, sameOrigin, type TransportResponse } from '../transport/index.ts';
import { breakOf, createPatience, type Break, type Patience } from './broken.ts';
import {
  checkDigestHeader,
  checkEnd,
  checkPlain,
  contentLength,
  inPart,
  orDiscard,
  partOf,
} from './check.ts';
import type { Call, Session } from './session.ts';

/**
 * After so many bytes, a read that broke has come further. With fewer, a server that gives a byte for each connection
 * would have us ask a thousand million times for a layer.
 */
const PROGRESS = 64 * 1024;

/** What a body has to be. */
export interface Expected {
  readonly digest: Digest;
  /** Of the whole blob, in bytes. */
  readonly size: number;
  /** The part of it that is wanted. */
  readonly range: Required<ByteRange>;
}

/** A body that does not end before its end. */
export interface LastingBody {
  readonly stream: AsyncIterable<Uint8Array>;
  /** Frees the connection that is in use, and ends a wait for the next. */
  release(): Promise<void>;
}

/**
 * The bytes of a blob, read on from where they broke. The rest is asked of the registry anew: the address of a content
 * server, to which it may have sent us, carries a signature that may have run out. Nothing that came is asked for twice,
 * unless the registry knows no ranges: then what came already is left out.
 *
 * What is read through is checked by its digest elsewhere, as one stream; here, that the later answers are of the same
 * thing as the first.
 * @param call for the whole; without `Range`
 * @param first the answer that is at hand: a 206 of the range that is wanted, or a 200 of the whole
 * @throws {RegistryError} while it is read: `UNAVAILABLE` when the rest does not come; `RESPONSE_INVALID`,
 *   `DIGEST_MISMATCH`, `SIZE_MISMATCH` when something else comes; what the registry answers instead.
 */
export function lastingBody(
  session: Session,
  call: Call,
  first: TransportResponse,
  expected: Expected,
): LastingBody {
  const { range } = expected;
  const released = new AbortController();
  let response = first;
  return {
    stream: read(),
    async release() {
      released.abort();
      await response.discard();
    },
  };

  async function* read(): AsyncGenerator<Uint8Array> {
    // What was read, and what had been when the count of tries began anew.
    let [at, counted] = [range.start, range.start];
    let rest: Rest | undefined;
    try {
      for (;;) {
        let broken: Break = { reason: 'it ended early' };
        try {
          for await (const chunk of within(response, at, expected)) {
            at += chunk.length;
            yield chunk;
          }
        } catch (error) {
          const found = released.signal.aborted ? undefined : breakOf(error, call.signal);
          if (found === undefined) throw error;
          broken = found;
        }
        // A connection that breaks when everything has come does no harm.
        if (at >= range.end) return;
        await response.discard();
        // Made when it is needed: few bodies break.
        rest ??= createRest(session, call, first, expected, released.signal);
        if (at - counted >= PROGRESS) {
          rest.patience.renew();
          counted = at;
        }
        await rest.patience.wait(
          broken,
          response,
          at,
          `${at - range.start} of ${range.end - range.start} bytes`,
        );
        response = await rest.ask(at);
      }
    } finally {
      await response.discard();
    }
  }
}

/** Asks for the rest of a body. */
interface Rest {
  readonly patience: Patience;
  /** @param at the first byte that is missing */
  ask(at: number): Promise<TransportResponse>;
}

function createRest(
  session: Session,
  call: Call,
  first: TransportResponse,
  expected: Expected,
  released: AbortSignal,
): Rest {
  const signal = call.signal === undefined ? released : AbortSignal.any([call.signal, released]);
  return {
    patience: createPatience(session, call, signal),
    async ask(at) {
      const asked = { start: at, end: expected.range.end };
      const response = await session.call({ ...inPart(call, asked), signal }, 206, 200, 416);
      await orDiscard(response, () => {
        signal.throwIfAborted();
        const { size, digest } = expected;
        if (response.status === 416) {
          const why = `${size} bytes were promised, and now the registry has none from byte ${at} on`;
          throw session.invalid(call, 'SIZE_MISMATCH', why);
        }
        checkPlain(session, call, response);
        checkDigestHeader(session, call, response, digest);
        checkTag(session, call, response, first);
        let total = contentLength(response);
        if (response.status === 206) {
          const part = partOf(session, call, response, asked);
          checkEnd(session, call, part, asked, size);
          total = part.total;
        }
        if (total !== undefined && total !== size) {
          const why = `it had ${size} bytes when it was first asked for, and has ${total} now`;
          throw session.invalid(call, 'SIZE_MISMATCH', why);
        }
      });
      return response;
    },
  };
}

/** Content servers have tags of their own for the same bytes, so only those of one origin are compared; weak ones say nothing. */
function checkTag(session: Session, call: Call, response: TransportResponse, first: TransportResponse): void {
  if (!sameOrigin(response.url, first.url)) return;
  const [now, then] = [headerValue(response.headers, 'etag'), headerValue(first.headers, 'etag')];
  if (now === then || !now?.startsWith('"') || !then?.startsWith('"')) return;
  const why = 'its ETag has changed since it was first asked for: it is something else now';
  throw session.invalid(call, 'RESPONSE_INVALID', why);
}

/** The bytes of an answer from `at` on, which in one that is the whole come after what is left out. */
function within(
  { status, body }: TransportResponse,
  at: number,
  { size, range: { end } }: Expected,
): AsyncIterable<Uint8Array> {
  if (status === 206 || (at === 0 && end === size)) return body;
  // Of a whole, what is too much is let through, so that it is noticed.
  return slice(body, at, end === size ? Infinity : end);
}

async function* slice(
  stream: AsyncIterable<Uint8Array>,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of stream) {
    const part = chunk.subarray(Math.max(0, start - at), Math.max(0, end - at));
    if (part.length > 0) yield part;
    at += chunk.length;
    if (at >= end) return;
  }
}
