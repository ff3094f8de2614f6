import { resolve } from 'node:path';
import { printable } from '../oci/index.ts';
import { lazyRegistry, type Options, type Registry } from '../registry/index.ts';
import type { ArchiveFormat, ArchiveRegistry } from '../store/archive/index.ts';
import { singleLayout } from '../store/layout/index.ts';
import { formatLocalReference, type LocalReference } from './local-reference.ts';
import { located } from './located.ts';
import { namedImages } from './named-images.ts';
import { OWN_REPOSITORY } from './repository-names.ts';

/** Layout folders and archives, each opened once. */
export interface Locals {
  /** The registry of a folder, or a file, whichever image of it is meant. */
  open(reference: LocalReference): Registry;
  /** As `Places.commit`. */
  commit(options?: Options): Promise<void>;
  close(): Promise<void>;
}

/** Opens layout folders and archives. Nothing is looked at before it is asked. */
export function createLocals(): Locals {
  const registries = new Map<string, Registry>();
  const archives: Promise<ArchiveRegistry>[] = [];

  const openArchive = async (path: string, format: ArchiveFormat): Promise<Registry> => {
    const archive = loadArchive(path, format);
    archives.push(archive);
    return namedImages(await archive);
  };
  const openImages = ({ scheme, path }: LocalReference): Registry => {
    switch (scheme) {
      case 'oci-layout':
        return namedImages(singleLayout(path, { repository: OWN_REPOSITORY }));
      case 'oci-archive':
        return lazyRegistry(() => openArchive(path, 'oci'));
      case 'docker-archive':
        return lazyRegistry(() => openArchive(path, 'docker'));
    }
  };
  return {
    open({ scheme, path: given }) {
      const path = resolve(given);
      const key = `${scheme}:${path}`;
      const known = registries.get(key);
      if (known !== undefined) return known;
      const name = printable(formatLocalReference({ scheme, path: given }), 1000);
      const registry = located(openImages({ scheme, path }), name);
      registries.set(key, registry);
      return registry;
    },
    async commit(options) {
      for (const archive of archives) await (await archive).commit(options);
    },
    async close() {
      await Promise.all(archives.map(async (archive) => (await archive).close()));
    },
  };
}

/** Tar, compression and what else archives take are loaded with the first one: most commands never meet any. */
async function loadArchive(path: string, format: ArchiveFormat): Promise<ArchiveRegistry> {
  const { archiveRegistry } = await import('../store/archive/index.ts');
  return archiveRegistry(path, { format, repository: OWN_REPOSITORY });
}
