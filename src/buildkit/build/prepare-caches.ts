import { parseDescriptor, parseJson } from '../../oci/index.ts';
import type { Options } from '../../registry/index.ts';
import type { BuilderCache, BuildOptions, CacheSource, CacheTarget } from './build-options.ts';
import type { ContentStore } from '../content/content-store.ts';
import { registryExport } from '../export/registry-export.ts';
import { registryContent } from '../content/registry-content.ts';
import { sessionName } from './session-name.ts';

/** A cache of steps, as the builder is told of it. */
export interface CacheEntry {
  readonly type: string;
  readonly attrs: Readonly<Record<string, string>>;
}

/** What a build needs for its caches. */
export interface PreparedCaches {
  readonly imports: readonly CacheEntry[];
  readonly exports: readonly CacheEntry[];
  readonly stores: ReadonlyMap<string, ContentStore>;
  /** Names the caches that were written. @param response what the builder told */
  finish(response: Readonly<Record<string, string>>, options: Options): Promise<void>;
}

/**
 * Prepares what caches are read from, and written to. Those in registries of this process are for the builder caches of
 * the client: `local`, in a content store of that name.
 * @see https://github.com/moby/buildkit/blob/master/README.md#local-directory-1
 */
export function prepareCaches({ cacheFrom = [], cacheTo = [] }: BuildOptions): PreparedCaches {
  const stores = new Map<string, ContentStore>();
  const targets: CacheTarget['target'][] = [];

  const importOf = (cache: BuilderCache | CacheSource): CacheEntry => {
    if (!('source' in cache)) return { type: cache.type, attrs: cache.attrs ?? {} };
    const { registry, repository, digest } = cache.source;
    const src = sessionName();
    stores.set(`local:${src}`, registryContent(registry, repository));
    return { type: 'local', attrs: { src, digest } };
  };
  const exportOf = (cache: BuilderCache | CacheTarget): CacheEntry => {
    if (!('target' in cache)) return { type: cache.type, attrs: cache.attrs ?? {} };
    const { registry, repository } = cache.target;
    const dest = sessionName();
    targets.push(cache.target);
    stores.set(`local:${dest}`, registryExport(registry, repository).store);
    return { type: 'local', attrs: { ...cache.attrs, dest } };
  };
  return {
    imports: cacheFrom.map(importOf),
    exports: cacheTo.map(exportOf),
    stores,
    async finish(response, options) {
      const told = response['cache.manifest'];
      if (told === undefined) return;
      const { digest, mediaType } = parseDescriptor(parseJson(new TextEncoder().encode(told)), '');
      for (const { registry, repository, tag } of targets) {
        // The builder wrote it as it wrote all else: as a blob.
        const bytes = await (await registry.getBlob(repository, digest, options)).bytes();
        await registry.pushManifest(repository, bytes, { ...options, mediaType, digest, tags: [tag] });
      }
    },
  };
}
