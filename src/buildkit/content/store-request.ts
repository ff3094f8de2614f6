import { Code, ConnectError } from '@connectrpc/connect';
import { isDigest, type Digest } from '../../oci/index.ts';
import type { ContentStore } from './content-store.ts';

/** The header that says which store is meant. */
export const STORE_HEADER = 'buildkit-attachable-store-id';

/** The store that a call is about. @param header the value of its `STORE_HEADER` @throws {ConnectError} */
export function storeFor(
  header: string | null | undefined,
  stores: ReadonlyMap<string, ContentStore>,
): ContentStore {
  const [id] = header?.split(', ') ?? [];
  if (id === undefined)
    throw new ConnectError(`request lacks metadata "${STORE_HEADER}"`, Code.InvalidArgument);
  const store = stores.get(id);
  if (store === undefined) throw new ConnectError(`unknown store ${id}: not found`, Code.NotFound);
  return store;
}

/** A digest as it was asked for. @throws {ConnectError} if it is none. */
export function digestAsked(digest: string): Digest {
  if (isDigest(digest)) return digest;
  throw new ConnectError(`"${digest}" failed validation`, Code.InvalidArgument);
}
