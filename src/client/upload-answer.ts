import { repositoryScope } from '../auth/index.ts';
import type { Digest } from '../oci/index.ts';
import { fields, parseHeld } from '../protocol/index.ts';
import { isNotFound, isRegistryError, RegistryError } from '../registry/index.ts';
import { headerValue, type TransportResponse } from '../transport/index.ts';
import type { Call, Session } from './session.ts';

/** A request about an upload. @param url where the upload is, if it was begun */
export function uploadCall(
  method: string,
  repository: string,
  url: URL | undefined,
  signal: AbortSignal | undefined,
): Call {
  return {
    method,
    // Some registries put no more of an upload's name into its Location than the last segment of the path.
    ...(url === undefined
      ? { route: { kind: 'uploads', repository } }
      : { url, route: { kind: 'upload', repository, id: url.pathname.replace(/^.*\//, '') } }),
    scope: repositoryScope(repository, 'pull', 'push'),
    signal,
  };
}

/** How many bytes the registry says it holds; undefined if it does not say, or not legibly. */
export function heldBy(response: TransportResponse): number | undefined {
  return parseHeld(headerValue(response.headers, 'range'));
}

/**
 * The least size of a chunk that is not the last, in bytes, if the registry has one.
 * @throws {RegistryError} `RESPONSE_INVALID`.
 */
export function minimumOf(session: Session, response: TransportResponse): number | undefined {
  const value = headerValue(response.headers, fields.chunkMinimum);
  if (value === undefined) return undefined;
  if (/^\d{1,11}$/.test(value)) return Number(value);
  throw new RegistryError(
    'RESPONSE_INVALID',
    `${session.host} sends OCI-Chunk-Min-Length "${value.slice(0, 60)}"`,
  );
}

/**
 * What an answer says against a chunk that was sent. Some registries take a part of one, or leave a gap, and say so
 * only here. Where nothing is said, our own count is what there is.
 * @param end how many bytes the registry should hold now
 * @returns undefined if all is as it should be.
 */
export function doubtOf(
  session: Session,
  call: Call,
  response: TransportResponse,
  end: number,
): RegistryError | undefined {
  const range = headerValue(response.headers, 'range');
  const held = parseHeld(range);
  // `0-0` may be no byte, or one.
  if (!range || held === end || (held === 0 && end === 1)) return undefined;
  return session.invalid(
    call,
    'UPLOAD_RANGE_MISMATCH',
    `sent up to byte ${end}, the registry holds ${held ?? `"${range.slice(0, 60)}"`}`,
  );
}

/** An upload as its registry describes it. */
export interface Standing {
  /** Where to go on; always the newest one. */
  readonly location: URL;
  /** How many bytes the registry holds. */
  readonly offset: number;
  /** The least size of a chunk that is not the last, in bytes; 0 if the registry has none. */
  readonly minimumChunk: number;
}

/**
 * Asks where an upload stands.
 * @returns undefined if it cannot be gone on with: the registry does not know it, or does not tell.
 * @throws {RegistryError} when there is no answer, or not to us.
 */
export async function askStanding(
  session: Session,
  repository: string,
  location: URL,
  signal: AbortSignal | undefined,
): Promise<Standing | undefined> {
  let response: TransportResponse;
  try {
    const call = uploadCall('GET', repository, location, signal);
    response = await session.call(call, 204, 200);
  } catch (error) {
    if (isRegistryError(error) && isUnknown(error.status)) return undefined;
    throw error;
  }
  await response.discard();
  const offset = heldBy(response);
  if (offset === undefined) return undefined;
  const moved = headerValue(response.headers, 'location') !== undefined;
  return {
    location: moved ? session.location(response) : location,
    offset,
    minimumChunk: minimumOf(session, response) ?? 0,
  };
}

/** Whether a request to an upload was refused because the registry does not know it, or no more. */
export function isGone({ status, code }: RegistryError): boolean {
  return status === 404 || code === 'BLOB_UPLOAD_UNKNOWN' || code === 'BLOB_UPLOAD_INVALID';
}

/** What an upload is to become. */
interface Wanted {
  readonly session: Session;
  readonly repository: string;
  readonly digest: Digest;
  readonly signal: AbortSignal | undefined;
}

/** Whether the blob is there: the answer that would have told so may be the one that was lost. */
export async function isThere({ session, repository, digest, signal }: Wanted): Promise<boolean> {
  const scope = repositoryScope(repository, 'pull');
  const route = { kind: 'blob', repository, digest } as const;
  try {
    await (await session.call({ method: 'HEAD', route, scope, signal }, 200)).discard();
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** Refused for what was asked, and not for who asked, or when. Registries that cannot tell say 404, 405, or 400. */
function isUnknown(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);
}
