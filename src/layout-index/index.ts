/** The `index.json` of an OCI image layout: what it says, how it is changed, and how images in it are named. */

export * from './public.ts';
// For the stores that keep an `index.json`.
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
