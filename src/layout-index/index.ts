/** The `index.json` of an OCI image layout: what it says, how it is changed, and how images in it are named. */
export { bareEntry, digestsOf, isBare, without, withoutName, withTag, withType } from './entries.ts';
export {
  byDigest,
  checkVersion,
  EMPTY_INDEX,
  ENTRY_LIMIT,
  formatIndex,
  INDEX_LIMIT,
  LAYOUT_VERSION,
  parseIndex,
  tagOf,
  tagsOf,
  VERSION_LIMIT,
  type LayoutIndex,
  type TagTarget,
} from './index-file.ts';
