import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../../src/oci/index.ts';
import { checkRepository, type Registry } from '../../../src/registry/index.ts';
import {
  archiveRegistry,
  type ArchiveOptions,
  type ArchiveRegistry,
} from '../../../src/store/archive/index.ts';

/** A folder with an archive for each repository, so that one can be tested as all stores are. */
export interface Archives {
  readonly registry: Registry;
  close(): Promise<void>;
}

/** @param whenWritten is asked after each manifest that was pushed */
export function archivesIn(
  folder: string,
  options: ArchiveOptions,
  whenWritten: 'go on' | 'commit and reopen' = 'go on',
): Archives {
  const opened = new Map<string, ArchiveRegistry>();
  const of = (name: string): ArchiveRegistry => {
    checkRepository(name);
    const file = join(folder, `${encodeURIComponent(name)}.tar`);
    const archive =
      opened.get(name) ?? archiveRegistry(file, { durable: false, ...options, repository: name });
    opened.set(name, archive);
    return archive;
  };
  const reopen = async (name: string): Promise<void> => {
    if (whenWritten === 'go on') return;
    await of(name).commit();
    await of(name).close();
    opened.delete(name);
  };
  const isThere = async (name: string): Promise<boolean> => {
    for await (const _ of of(name).repositories()) return true;
    return false;
  };
  /** What one archive cannot do alone: have a blob of another. */
  const mount: Registry['mountBlob'] = async (name, digest, from, mountOptions) => {
    const candidates = from === undefined ? [...opened.keys()] : [from];
    for (const candidate of candidates) {
      if (!(await isThere(candidate))) continue;
      if (await has(of(candidate), candidate, digest)) {
        const content = await of(candidate).getBlob(candidate, digest, mountOptions);
        await of(name).pushBlob(name, content.descriptor, content, mountOptions);
        return true;
      }
    }
    return false;
  };
  const registry: Registry = {
    getBlob: async (name, ...rest) => of(name).getBlob(name, ...rest),
    getManifest: async (name, ...rest) => of(name).getManifest(name, ...rest),
    resolveBlob: async (name, ...rest) => of(name).resolveBlob(name, ...rest),
    resolveManifest: async (name, ...rest) => of(name).resolveManifest(name, ...rest),
    async pushBlob(name, descriptor, source, { mountFrom, ...rest } = {}) {
      const mounted = mountFrom !== undefined && (await mount(name, descriptor.digest, mountFrom));
      return mounted
        ? of(name).resolveBlob(name, descriptor.digest)
        : of(name).pushBlob(name, descriptor, source, rest);
    },
    startUpload: async (name, ...rest) => of(name).startUpload(name, ...rest),
    mountBlob: async (...all) => {
      all[3]?.signal?.throwIfAborted();
      return mount(...all);
    },
    async pushManifest(name, ...rest) {
      const pushed = await of(name).pushManifest(name, ...rest);
      await reopen(name);
      return pushed;
    },
    deleteBlob: async (name, ...rest) => of(name).deleteBlob(name, ...rest),
    deleteManifest: async (name, ...rest) => of(name).deleteManifest(name, ...rest),
    async *repositories({ after = '', signal } = {}) {
      signal?.throwIfAborted();
      await mkdir(folder, { recursive: true });
      const files = (await readdir(folder)).filter((file) => !file.startsWith('.') && file.endsWith('.tar'));
      const names = new Set([
        ...opened.keys(),
        ...files.map((file) => decodeURIComponent(file.slice(0, -4))),
      ]);
      for (const name of [...names].sort()) if (name > after && (await isThere(name))) yield name;
    },
    tags: (name, ...rest) => of(name).tags(name, ...rest),
    referrers: (name, ...rest) => of(name).referrers(name, ...rest),
  };
  return {
    registry,
    async close() {
      for (const archive of opened.values()) await archive.close();
    },
  };
}

async function has(archive: Registry, name: string, digest: Digest): Promise<boolean> {
  return archive.resolveBlob(name, digest).then(
    () => true,
    () => false,
  );
}
