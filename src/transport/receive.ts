import type { HeaderFields } from '../protocol/index.ts';
import type { AbortWatch } from '../registry/index.ts';
import { createArrivingBody, type ArrivingBody, type Tap } from './arriving-body.ts';
import type { TransportResponse } from './transport.ts';

/** What ends a request from outside. */
export type Abort = (reason: Error) => void;

/** Is told by undici what becomes of a request. */
export interface AnswerHandler {
  onRequestStart(connection: Tap): void;
  onResponseStart(connection: Tap, status: number, headers: HeaderFields): void;
  onResponseData(connection: Tap, chunk: Uint8Array): void;
  onResponseEnd(): void;
  onResponseError(connection: Tap, error: Error): void;
}

/** How an answer is waited for. */
export interface Reception {
  readonly signal: AbortSignal | undefined;
  readonly aborts: AbortWatch<Abort>;
  /** Puts errors of undici's into our terms. */
  readonly translate: (error: unknown) => Error;
}

/**
 * Sends a request by undici, and gives the answer when its headers are there.
 *
 * An answer that comes as a whole is given a turn of the event loop later: only then does undici take its connection
 * for free, and who sends a request meanwhile would get a new one.
 * @param dispatch hands the request to undici
 */
export function receive(
  dispatch: (handler: AnswerHandler) => void,
  { signal, aborts, translate }: Reception,
): Promise<Omit<TransportResponse, 'url'>> {
  return new Promise((resolve, reject) => {
    let connection: Tap | undefined;
    let body: ArrivingBody | undefined;
    const fail = (error: unknown): void => {
      aborts.delete(abort, signal);
      if (body === undefined) reject(translate(error));
      else body.fail(translate(error));
    };
    const abort: Abort = (reason) => {
      // Where there is no connection yet, it ends when there is.
      if (connection === undefined) fail(reason);
      else connection.abort(reason);
    };
    aborts.add(abort, signal);
    dispatch({
      onRequestStart(started) {
        connection = started;
        if (signal?.aborted) started.abort(signal.reason as Error);
      },
      onResponseStart(started, status, headers) {
        // Interim answers.
        if (status < 200) return;
        const arriving = createArrivingBody(started, contentLength(headers));
        body = arriving;
        const { stream, discard } = arriving;
        const give = (whole: Uint8Array | undefined): void =>
          resolve({ status, headers, body: stream, discard, ...(whole !== undefined && { whole }) });
        // By then, undici has looked at all that came with the headers.
        queueMicrotask(() => {
          const { whole } = arriving;
          if (whole === undefined) give(undefined);
          else setImmediate(give, whole);
        });
      },
      onResponseData: (_, chunk) => body?.add(chunk),
      onResponseEnd() {
        aborts.delete(abort, signal);
        body?.end();
      },
      onResponseError: (_, error) => fail(error),
    });
  });
}

/** Undefined for a length that is none, or one that comes several times. */
function contentLength({ 'content-length': field }: HeaderFields): number | undefined {
  return typeof field === 'string' && /^\d{1,15}$/.test(field) ? Number(field) : undefined;
}
