/** The tar format: what stands in it is found without reading it through, and what is written is the same each time. */
export { TAR_LIMITS, type FoundEntry, type TarEntry, type TarEntryType, type TarLimits } from './entry.ts';
export { archivePath, foldedPath, linkTarget } from './path.ts';
export { walkTar, type WalkOptions } from './walk.ts';
export type { RandomAccess } from './window.ts';
export { formatEntry, sizeOfTar, writeTar, type TarItem } from './write.ts';
