/** Images by their names in the `index.json` of a layout or an archive: what the package shows of this room. */

export type { Compatibility } from './compatibility.ts';
export { displayName, namesOf, tagAtEnd, tagOf, type EntryNames } from './entry-names.ts';
export type {
  ImageName,
  ImageNames,
  ImageQuery,
  LayoutNames,
  PushedNamed,
  PushNamedOptions,
  ResolveOptions,
} from './image-names.ts';
export { createNameIndex, tagsOf, type NameIndex } from './name-index.ts';
export { checkImageName } from './naming.ts';
export { resolveImage, type Resolved, type ResolveIn } from './resolve.ts';
