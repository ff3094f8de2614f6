import type { Attachable } from '../session/attachable.ts';
import type { UploadServiceOptions } from './upload-routes.ts';

/** The host of URLs that a builder asks the session for, and nobody on the network. */
const HOST = 'http://buildkit-session';

/** The URL by which a builder asks for a stream of the session. @param name letters and digits */
export function uploadUrl(name: string): string {
  return `${HOST}/${name}`;
}

/**
 * Lets a builder read streams as if they came over HTTP: a tar from standard input, as build context. Each is read once,
 * when the builder asks for it and as fast as it takes it; nothing of it is kept.
 * @param streams by the names that are in their URLs; see `uploadUrl`
 * @see https://github.com/moby/buildkit/blob/master/session/upload/upload.proto
 */
export function uploadService(
  streams: ReadonlyMap<string, AsyncIterable<Uint8Array>>,
  options: UploadServiceOptions = {},
): Attachable {
  return async (router, _ended, raw) => {
    const { uploadRoutes } = await import('./upload-routes.ts');
    uploadRoutes(router, raw, streams, options);
  };
}
