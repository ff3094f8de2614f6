import { repositoryScope, unionScopes, type Scope } from '../auth/index.ts';
import type { Digest } from '../oci/index.ts';
import { checkRepository, isRegistryError, openable } from '../registry/index.ts';
import type { TransportResponse } from '../transport/index.ts';
import type { Session } from './session.ts';

/** What the upload is for. */
export interface BeginOptions {
  /** Ask for a mount first. */
  readonly mount: boolean;
  /** The repository to mount from; any, if there is none. */
  readonly from: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Starts an upload, or has the blob mounted: then there is no location. */
export async function begin(
  session: Session,
  repository: string,
  digest: Digest,
  { mount, from, signal }: BeginOptions,
): Promise<{ location?: URL }> {
  checkRepository(repository);
  if (from !== undefined) checkRepository(from);
  const push = repositoryScope(repository, 'pull', 'push');
  const start = (query: URLSearchParams | undefined, scope: Scope): Promise<TransportResponse> =>
    session.call(
      {
        method: 'POST',
        route: { kind: 'uploads', repository },
        ...(query !== undefined && { query }),
        body: openable(new Uint8Array()),
        scope,
        signal,
      },
      202,
      201,
    );
  let response: TransportResponse;
  if (mount) {
    const query = new URLSearchParams({ mount: digest, ...(from !== undefined && { from }) });
    const scope =
      from === undefined || from === repository ? push : unionScopes(push, repositoryScope(from, 'pull'));
    try {
      response = await start(query, scope);
    } catch (error) {
      // Registries that do not mount should answer 202; some refuse instead, or do not let us read there.
      if (
        !isRegistryError(error) ||
        error.status === undefined ||
        error.status >= 500 ||
        error.status === 429
      )
        throw error;
      response = await start(undefined, push);
    }
  } else {
    response = await start(undefined, push);
  }
  await response.discard();
  if (response.status === 201 && mount) return {};
  return { location: session.location(response) };
}

/** Gives an upload up. What the registry makes of it does not matter: it drops it itself after a while. */
export async function cancelUpload(session: Session, repository: string, location: URL): Promise<void> {
  const scope = repositoryScope(repository, 'pull', 'push');
  await session
    .call(
      {
        method: 'DELETE',
        route: { kind: 'uploads', repository },
        url: location,
        scope,
        signal: AbortSignal.timeout(5000),
      },
      204,
      202,
      200,
    )
    .then((response) => response.discard())
    .catch(() => {});
}

/** The URL that ends an upload. The rest of its query is the registry's own, and stays as it is written. */
export function withDigest(location: URL, digest: Digest): URL {
  const url = new URL(location);
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(digest)}`;
  return url;
}
