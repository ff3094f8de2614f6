import type { Route } from '../protocol/index.ts';
import type { Exchange, ServerReply } from './request.ts';

const ACCEPTED: ServerReply = { status: 202, headers: { 'content-length': '0' } };

/** DELETE of a blob. */
export async function deleteBlob(
  { registry, request }: Exchange,
  { repository, digest }: Extract<Route, { kind: 'blob' }>,
): Promise<ServerReply> {
  await registry.deleteBlob(repository, digest, { signal: request.signal });
  return ACCEPTED;
}

/** DELETE of a manifest, or of a tag alone. */
export async function deleteManifest(
  { registry, request }: Exchange,
  { repository, reference }: Extract<Route, { kind: 'manifest' }>,
): Promise<ServerReply> {
  await registry.deleteManifest(repository, reference, { signal: request.signal });
  return ACCEPTED;
}
