import { join, resolve } from 'node:path';
import { printable } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { lstatOrNone } from './age.ts';
import { namesIn } from './look.ts';
import { manyRepositories, oneRepository, type LayoutOptions, type Repositories } from './repositories.ts';
import { walk } from './walk.ts';

/** What the only layout of a folder is called, as `singleLayout` calls it. */
export const ONLY = 'layout';

/**
 * The layout that a folder is, or the layouts that it has, as `layoutRegistry` keeps them.
 * @throws {RegistryError} `NAME_UNKNOWN` for a folder that is not there, or is empty; `LAYOUT_INVALID` for one that holds
 *   other things.
 */
export async function layoutsIn(directory: string, options: LayoutOptions): Promise<Repositories> {
  const root = resolve(directory);
  for (const file of ['index.json', 'oci-layout']) {
    if ((await lstatOrNone(join(root, file))) === undefined) continue;
    // Also one that is broken: it is not for the walk to pass over it.
    return {
      ...oneRepository(root, ONLY, options),
      async *names() {
        yield ONLY;
      },
    };
  }
  for await (const _ of walk(root)) return manyRepositories(root, options);
  const shown = printable(directory, 1000);
  if ((await lstatOrNone(root)) === undefined)
    throw new RegistryError('NAME_UNKNOWN', `${shown} is not there`, { status: 404 });
  if ((await namesIn(root))?.length === 0)
    throw new RegistryError('NAME_UNKNOWN', `there is no layout in ${shown}: it is empty`, { status: 404 });
  throw new RegistryError('LAYOUT_INVALID', `${shown} is no image layout: it has no index.json`);
}
