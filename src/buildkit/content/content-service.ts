import type { Attachable } from '../session/attachable.ts';
import type { ContentStore } from './content-store.ts';

/**
 * Lets the builder read content, and write what it exports. Which store is meant each call says in its metadata.
 * @param stores by what the builder calls them: `oci:NAME` for a context `oci-layout://NAME@DIGEST`, `export` for what is
 *   exported without a tar, `local:DIR` for a cache
 */
export function contentService(stores: ReadonlyMap<string, ContentStore>): Attachable {
  return async (router, ended, raw) => {
    const { contentRoutes } = await import('./content-routes.ts');
    contentRoutes(router, raw, stores);
    const close = (): void => stores.forEach((store) => void store.close?.());
    ended.addEventListener('abort', close, { once: true });
  };
}
