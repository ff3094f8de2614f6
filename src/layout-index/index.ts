/** The `index.json` of an OCI image layout: what it says, how it is changed, and how images in it are named. */
export { compatibilities, type Compatibility } from './compatibility.ts';
export { bareEntry, isBare, isUnnamed, lostEntries, without, withoutName, withType } from './entries.ts';
export { displayName, namesOf, tagAtEnd, tagOf, type EntryNames } from './entry-names.ts';
export type {
  ImageName,
  ImageNames,
  ImageQuery,
  LayoutNames,
  PushNamedOptions,
  ResolveOptions,
} from './image-names.ts';
export {
  checkVersion,
  EMPTY_INDEX,
  ENTRY_LIMIT,
  formatIndex,
  INDEX_LIMIT,
  LAYOUT_VERSION,
  parseIndex,
  VERSION_LIMIT,
  type LayoutIndex,
} from './index-file.ts';
export { readIndexText, writeIndexText, type IndexText } from './index-text.ts';
export { createNameIndex, tagsOf, type NameIndex } from './name-index.ts';
export { checkImageName, withName, withoutNamed } from './naming.ts';
export { resolveImage, type ResolveIn } from './resolve.ts';
