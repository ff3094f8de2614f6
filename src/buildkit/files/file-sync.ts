import type { Attachable } from '../session/attachable.ts';

/**
 * Lets a builder read folders of this machine: those that are named, and nothing else. What it leaves out, as
 * `.dockerignore` says, is for the builder to say: it reads that file over this service before it asks for the rest.
 * Symbolic links are sent as links; no content comes from outside of a folder.
 * @param folders their paths by the names that the builder has for them: `context`, `dockerfile`
 * @see https://github.com/moby/buildkit/blob/master/session/filesync/filesync.proto
 */
export function fileSync(folders: ReadonlyMap<string, string>): Attachable {
  return async (router, _ended, raw) => {
    const { fileSyncRoutes } = await import('./file-sync-routes.ts');
    fileSyncRoutes(router, raw, folders);
  };
}
