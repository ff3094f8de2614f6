import { readBounded, type TransportResponse } from '../transport/index.ts';
import { breakOf, createPatience, type Patience } from './broken.ts';
import type { Call, Session } from './session.ts';

/** An answer that was read whole. */
export interface Document {
  readonly response: TransportResponse;
  readonly bytes: Uint8Array;
}

/**
 * Asks for something that is read whole into memory: a manifest, a page of a list. If it breaks off it is asked for
 * again, from the start: it is small, and asking changes nothing.
 * @param what its name, for errors
 * @param limit in bytes
 * @throws {RegistryError} `RESPONSE_INVALID` when there is more; `UNAVAILABLE` when it broke off each time.
 */
export async function readDocument(
  session: Session,
  call: Call,
  what: string,
  limit: number,
): Promise<Document> {
  // Made when it is needed: few answers break.
  let patience: Patience | undefined;
  for (;;) {
    const response = await session.call(call, 200);
    let bytes: Uint8Array | undefined;
    try {
      bytes = await readBounded(response, limit);
    } catch (error) {
      const broken = breakOf(error, call.signal);
      if (broken === undefined) throw error;
      patience ??= createPatience(session, call, call.signal);
      await patience.wait(broken, response, 0, `a part of ${what}`);
      continue;
    }
    if (bytes === undefined)
      throw session.invalid(call, 'RESPONSE_INVALID', `${what} has more than ${limit} bytes`);
    return { response, bytes };
  }
}
