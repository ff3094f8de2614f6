import { repositoryScope, unionScopes } from '../auth/index.ts';
import type { Digest } from '../oci/index.ts';
import { checkRepository, isRegistryError, openable } from '../registry/index.ts';
import type { RequestBody, TransportResponse } from '../transport/index.ts';
import type { Session } from './session.ts';
import { minimumOf, uploadCall, type Standing } from './upload-answer.ts';

const nothing: RequestBody = openable(new Uint8Array());

/** Starts an upload. */
export async function begin(
  session: Session,
  repository: string,
  signal: AbortSignal | undefined,
): Promise<Standing> {
  const call = uploadCall('POST', repository, undefined, signal);
  return begun(session, await session.call({ ...call, body: nothing }, 202, 201));
}

/** Where the answer to a POST says that the upload is. */
export async function begun(session: Session, response: TransportResponse): Promise<Standing> {
  await response.discard();
  return {
    location: session.location(response),
    offset: 0,
    minimumChunk: minimumOf(session, response) ?? 0,
  };
}

/**
 * Has a blob mounted, or starts an upload.
 * @param from the repository to mount from; any, if there is none
 * @returns undefined if it was mounted.
 */
export async function mountOrBegin(
  session: Session,
  repository: string,
  digest: Digest,
  { from, signal }: { readonly from: string | undefined; readonly signal: AbortSignal | undefined },
): Promise<Standing | undefined> {
  if (from !== undefined) checkRepository(from);
  const query = new URLSearchParams({ mount: digest, ...(from !== undefined && { from }) });
  const push = repositoryScope(repository, 'pull', 'push');
  const scope =
    from === undefined || from === repository ? push : unionScopes(push, repositoryScope(from, 'pull'));
  let response: TransportResponse;
  try {
    response = await session.call(
      { ...uploadCall('POST', repository, undefined, signal), query, body: nothing, scope },
      202,
      201,
    );
  } catch (error) {
    // Registries that do not mount should answer 202; some refuse instead, or do not let us read there.
    if (!isRegistryError(error) || error.status === undefined || error.status >= 500 || error.status === 429)
      throw error;
    return begin(session, repository, signal);
  }
  if (response.status === 202) return begun(session, response);
  await response.discard();
  return undefined;
}

/** Gives an upload up. What the registry makes of it does not matter: it drops it itself after a while. */
export async function cancelUpload(session: Session, repository: string, location: URL): Promise<void> {
  await session
    .call(uploadCall('DELETE', repository, location, AbortSignal.timeout(5000)), 204, 202, 200)
    .then((response) => response.discard())
    .catch(() => {});
}

/** The URL that ends an upload. The rest of its query is the registry's own, and stays as it is written. */
export function withDigest(location: URL, digest: Digest): URL {
  const url = new URL(location);
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(digest)}`;
  return url;
}
