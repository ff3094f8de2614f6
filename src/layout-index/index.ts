/** The `index.json` of an OCI image layout: what it says, how it is changed, and how images in it are named. */

// For whoever uses layouts and archives: images by their names.
export { compatibilities, type Compatibility } from './compatibility.ts';
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

// For the stores that keep an `index.json`; these change as the stores do.
export type { EntriesDraft } from './draft.ts';
export { enterManifest, nameManifest } from './enter.ts';
export { pushedNamed } from './image-names.ts';
export { isBare, isUnnamed, without } from './entries.ts';
export { factsOf, isManifestLike, NO_FACTS, type Facts, type ReadFacts } from './facts.ts';
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
export { withName, withoutNamed } from './naming.ts';
export { reach, type Known } from './reach.ts';
export { removeManifest, removeName, removeNames } from './remove.ts';
