import { join, resolve } from 'node:path';
import type { Digest } from '../../oci/index.ts';
import { checkRepository, RegistryError, repositoryNotFound } from '../../registry/index.ts';
import { createDisk } from './durable.ts';
import { foldersOf, PRIVATE } from './folder.ts';
import { createPool } from './pool.ts';
import { createRepository, type Repository, type Shared } from './repository.ts';
import { isLayout, walk, type WalkOptions } from './walk.ts';

/** Settings of a registry in a folder. */
export interface LayoutOptions {
  /**
   * Whether what was written is on the disk (`fsync`) before it is said to be. On, unless told. Without it a
   * killed process loses nothing still, but a machine that loses power may.
   */
  readonly durable?: boolean;
  /** How long an upload may lie untouched before it is given up, in milliseconds. A day, unless told. */
  readonly uploadExpiry?: number;
}

/** All repositories of one registry. */
export interface Repositories {
  /** The folder that all of it is in. */
  readonly root: string;
  /** A repository, whether it is there or not; none for a name that cannot be here. @throws {RegistryError} `NAME_INVALID`. */
  readonly find: (repository: string) => Repository | undefined;
  /** The same. @throws {RegistryError} `NAME_INVALID`, and `NAME_UNKNOWN` for a name that cannot be here. */
  readonly open: (repository: string) => Repository;
  /** The names of those that are there, in order. */
  readonly names: (options: WalkOptions) => AsyncGenerator<string>;
  /** Frees what a deleted blob took up, if no other repository has it. */
  readonly release: (digest: Digest) => Promise<void>;
}

const DAY = 24 * 60 * 60 * 1000;
/** How many repositories are remembered. Nothing is lost with one that is not: their order is kept by locks. */
const REMEMBERED = 1000;

/** A folder with a layout for each repository. */
export function manyRepositories(folder: string, options: LayoutOptions): Repositories {
  const root = resolve(folder);
  const shared = sharedBy(root, options, true);
  const opened = new Map<string, Repository>();
  const open = (repository: string): Repository => {
    checkRepository(repository);
    const path = join(root, ...foldersOf(repository));
    const found = opened.get(repository) ?? createRepository({ repository, path, single: false }, shared);
    // The least recently used is the first one of the map.
    opened.delete(repository);
    opened.set(repository, found);
    if (opened.size > REMEMBERED) for (const [oldest] of opened) if (opened.delete(oldest)) break;
    return found;
  };
  return {
    root,
    names: (walkOptions) => walk(root, walkOptions),
    find: open,
    open,
    release: async (digest) => shared.pool?.release(digest),
  };
}

/** A folder that is the layout of the one repository there is. */
export function oneRepository(folder: string, name: string, options: LayoutOptions): Repositories {
  checkRepository(name);
  const root = resolve(folder);
  const repository = createRepository(
    { repository: name, path: root, single: true },
    sharedBy(root, options, false),
  );
  const find = (asked: string): Repository | undefined => {
    checkRepository(asked);
    return asked === name ? repository : undefined;
  };
  return {
    root,
    find,
    async release() {},
    async *names({ after = '' }) {
      if (name > after && (await isLayout(root))) yield name;
    },
    open(asked) {
      const found = find(asked);
      if (found === undefined) throw repositoryNotFound(asked);
      return found;
    },
  };
}

function sharedBy(
  root: string,
  { durable = true, uploadExpiry = DAY }: LayoutOptions,
  pooled: boolean,
): Shared {
  if (!(uploadExpiry >= 0))
    throw new RegistryError('UNSUPPORTED', `uploadExpiry is ${uploadExpiry}: want milliseconds`);
  const disk = createDisk(root, durable);
  return { disk, uploadExpiry, pool: pooled ? createPool(join(root, PRIVATE, 'pool'), disk) : undefined };
}
