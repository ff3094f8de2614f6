import { resolve } from 'node:path';
import { printable } from '../oci/index.ts';
import type { Options, Registry } from '../registry/index.ts';
import { archiveRegistry, type ArchiveRegistry } from '../store/archive/index.ts';
import { singleLayout } from '../store/layout/index.ts';
import { formatLocalReference, type LocalReference } from './local-reference.ts';
import { located } from './located.ts';
import { namedImages, OWN_REPOSITORY } from './named-images.ts';

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
  const archives: ArchiveRegistry[] = [];

  const openArchive = (path: string, scheme: 'oci-archive' | 'docker-archive'): ArchiveRegistry => {
    const archive = archiveRegistry(path, {
      format: scheme === 'oci-archive' ? 'oci' : 'docker',
      repository: OWN_REPOSITORY,
    });
    archives.push(archive);
    return archive;
  };
  return {
    open({ scheme, path: given }) {
      const path = resolve(given);
      const key = `${scheme}:${path}`;
      const known = registries.get(key);
      if (known !== undefined) return known;
      const images = namedImages(
        scheme === 'oci-layout'
          ? singleLayout(path, { repository: OWN_REPOSITORY })
          : openArchive(path, scheme),
      );
      const registry = located(images, printable(formatLocalReference({ scheme, path: given }), 1000));
      registries.set(key, registry);
      return registry;
    },
    async commit(options) {
      for (const archive of archives) await archive.commit(options);
    },
    async close() {
      await Promise.all(archives.map((archive) => archive.close()));
    },
  };
}
