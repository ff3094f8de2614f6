import type { Registry } from '../../registry/index.ts';
import { deleteOperations } from './delete.ts';
import type { LayoutNames } from '../../layout-index/index.ts';
import { listOperations } from './list.ts';
import { layoutNames } from './names.ts';
import { readOperations } from './read.ts';
import { manyRepositories, oneRepository, type LayoutOptions, type Repositories } from './repositories.ts';
import { uploadOperations } from './upload.ts';
import { writeOperations } from './write.ts';

/** Settings of a registry that is one layout. */
export interface SingleLayoutOptions extends LayoutOptions {
  /** What its one repository is called; `layout`, unless told. */
  readonly repository?: string;
}

/** A layout, whose images have names beside their tags. */
export interface SingleLayout extends Registry {
  readonly names: LayoutNames;
}

/**
 * A registry in a folder. Each repository is a standard OCI image layout, `<root>/<repository>/`, that other tools
 * read, and write, as it is; blobs that several have are on the disk once (hard links).
 *
 * What was acknowledged survives the end of the process, and with `durable` a loss of power. Any number of
 * processes may use the folder at once. Other tools do not take our lock: let them read, or write while nobody
 * else does. Nothing is made before the first write.
 * @param root the folder; it need not be there
 * @throws {RegistryError} from all operations, besides the codes of `Registry`: `LAYOUT_INVALID` for a layout that is
 *   broken, `BLOB_NOT_REGULAR` for a link or a folder in a blob's place, `UNKNOWN` when the disk fails.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export function layoutRegistry(root: string, options: LayoutOptions = {}): Registry {
  return operations(manyRepositories(root, options));
}

/**
 * A registry that is one OCI image layout, as one repository; for others it answers `NAME_UNKNOWN`.
 * @param directory the layout; it is made with the first write
 * @throws {RegistryError} `NAME_INVALID` when the repository's name is none; operations as for `layoutRegistry`, and
 *   `LAYOUT_INVALID` also for a folder that is there and no layout.
 */
export function singleLayout(directory: string, options: SingleLayoutOptions = {}): SingleLayout {
  const repository = options.repository ?? 'layout';
  const repositories = oneRepository(directory, repository, options);
  return {
    ...operations(repositories),
    names: layoutNames(repositories.root, repositories.open(repository)),
  };
}

function operations(repositories: Repositories): Registry {
  return {
    ...readOperations(repositories),
    ...writeOperations(repositories),
    ...uploadOperations(repositories),
    ...deleteOperations(repositories),
    ...listOperations(repositories),
  };
}
