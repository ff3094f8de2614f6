/**
 * Where a repository lies: its name with `/` as folders, but for the components that would stand in the way of
 * something else. Those get a leading underscore, which no component of a name has:
 *
 * - `index.json` and `oci-layout` always: they are files of the layout beside them;
 * - `blobs` unless it is the last one. `x/blobs` lies beside the algorithms of `x` in its folder `blobs`, and a
 *   walk that goes below no folder `blobs` finds all repositories, and no blobs;
 * - what Windows takes for a device, whatever its extension: `con`, `nul.txt`.
 */

/** What is ours alone in a layout, and in the folder of all: no name starts with a dot. */
export const PRIVATE = '.stowage';

const FILES: ReadonlySet<string> = new Set(['index.json', 'oci-layout']);
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/;

/** The folders that lead to a repository, from the root: `['x', '_blobs', 'y']` of `x/blobs/y`. */
export function foldersOf(repository: string): readonly string[] {
  const components = repository.split('/');
  return components.map((component, at) => folderOf(component, at === components.length - 1));
}

/** The folder of one component of a name; the same component may have another one where it is not the last. */
export function folderOf(component: string, last: boolean): string {
  const inTheWay = FILES.has(component) || DEVICE.test(component) || (component === 'blobs' && !last);
  return inTheWay ? `_${component}` : component;
}

/** The component that a folder stands for, if it is one of ours. */
export function componentOf(folder: string): string {
  return folder.startsWith('_') ? folder.slice(1) : folder;
}
