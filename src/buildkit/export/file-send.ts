import type { Attachable } from '../attachable.ts';

/** Where what was built goes to. */
export type FileTarget =
  /** A tar, or whatever the exporter makes: takes the bytes in order, and has kept them when it is done. */
  | { readonly take: (bytes: AsyncIterable<Uint8Array>) => Promise<void> }
  /** The path of a folder; it is made if it is not there. */
  | { readonly folder: string };

/**
 * Takes what the builder's exporters send.
 * @param targets by the number of the exporter in the request, from `0` on
 * @see https://github.com/moby/buildkit/blob/master/session/filesync/filesync.proto
 */
export function fileSend(targets: ReadonlyMap<string, FileTarget>): Attachable {
  return async (router) => {
    const { fileSendRoutes } = await import('./file-send-routes.ts');
    fileSendRoutes(router, targets);
  };
}
