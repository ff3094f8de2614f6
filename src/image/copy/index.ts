export { copy } from './copy.ts';
export type { Copied, CopyOptions, CopyPlace, CopyPlan, CopyStage, CopyStep, SkipReason } from './options.ts';
