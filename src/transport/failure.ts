import { isRegistryError, RegistryError } from '../registry/index.ts';
import { redactUrl } from './origin.ts';
import type { TransportRequest } from './transport.ts';

/** The error for a request that got no answer, or not the whole of one. */
export function unavailable({ method, url }: TransportRequest, why: string, cause: unknown): RegistryError {
  const shown = redactUrl(url);
  return new RegistryError('UNAVAILABLE', `${method} ${shown}: ${why}`, { method, url: shown, cause });
}

/** A body whose errors are put into our terms. */
export async function* guarded(
  body: AsyncIterable<Uint8Array>,
  translate: (error: unknown) => unknown,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw translate(error);
  }
}

/** Why a request got no answer. */
export interface Fault {
  /**
   * `refused`: nobody listened, so the request was not sent; `broken`: the connection failed, which it may not do the
   * next time; `lasting`: the next time will be no better, as with names that are unknown, or wrong certificates.
   */
  readonly kind: 'refused' | 'broken' | 'lasting';
  /** In a word, without secrets. */
  readonly reason: string;
}

/** All other codes (there are many, of OpenSSL alone) are of faults that will not go away by themselves. */
const BROKEN: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETDOWN',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_SOCKET',
]);

/** What failed, if it was the connection; undefined for every other error. */
export function faultOf(error: unknown): Fault | undefined {
  // With a status there was an answer.
  if (!isRegistryError(error) || error.code !== 'UNAVAILABLE' || error.status !== undefined) return undefined;
  const code = codeOf(error.cause);
  // `fetch` tells no reason in browsers.
  if (code === undefined) return { kind: 'broken', reason: 'no answer' };
  if (code === 'ECONNREFUSED') return { kind: 'refused', reason: code };
  return { kind: BROKEN.has(code) ? 'broken' : 'lasting', reason: code };
}

/** The code of an error of Node's or undici's; `fetch` wraps it into another error. */
function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  // What is no HTTP has no code.
  return error.name === 'HTTPParserError' ? 'HPE' : codeOf(error.cause);
}

/** An error that says how often it was tried. */
export function afterTries(error: RegistryError, tries: number): RegistryError {
  const { code, message, method, url, cause } = error;
  return new RegistryError(code, `${message} (after ${tries} tries)`, {
    ...(method !== undefined && { method }),
    ...(url !== undefined && { url }),
    cause,
  });
}
