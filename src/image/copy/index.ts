export { copy } from './copy.ts';
export type { Copied, CopyOptions, CopyPlace, CopyStep, SkipReason } from './options.ts';
