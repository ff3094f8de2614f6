import type { Attachable } from '../session/attachable.ts';
import type { FileTarget } from './file-target.ts';

/**
 * Takes what the builder's exporters send.
 * @param targets by the number of the exporter in the request, from `0` on
 * @see https://github.com/moby/buildkit/blob/master/session/filesync/filesync.proto
 */
export function fileSend(targets: ReadonlyMap<string, FileTarget>): Attachable {
  return async (router, _ended, raw) => {
    const { fileSendRoutes } = await import('./file-send-routes.ts');
    fileSendRoutes(router, raw, targets);
  };
}
