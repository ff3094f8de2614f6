/** The Docker Official Images at scale: from sources to builds. Knows registries by their interface alone. */
export type { ArchIndex } from './arch-index.ts';
export { buildIdOf, type BuildParts } from './build-id.ts';
export type { Build } from './builder.ts';
export { createBuilds, planBuilds, type BuildProgress, type BuildsOptions } from './builds.ts';
export { formatBuilds } from './format-builds.ts';
export { formatIndexes, parseIndexCache, type IndexCache } from './index-cache.ts';
export type { Ledger } from './ledger.ts';
export type { Sources } from './link.ts';
export type { Shard } from './shard.ts';
export { mergeBuilds, type BuildsPart } from './merge-builds.ts';
export { mergeCaches, type CachePart } from './merge-caches.ts';
export { parseSources } from './sources.ts';
export { DEFAULT_STAGING, parseStaging, type Shelf, type Staging } from './staging.ts';
export { targetName, type ImageName, type Parent, type SourceText, type Target } from './target.ts';
export * from './commands/index.ts';
export { deployDocuments, type DeployOptions } from './documents.ts';
export { completeJobs, readJobs, type JobsRecord } from './jobs.ts';
export { archTagsOf, nameOf, readBuilds, tagsOf, type ListedBuild } from './listed-build.ts';
export type { TextSource } from './member-stream.ts';
export { pastOf, type Past } from './past.ts';
export {
  provenanceOf,
  readRunnerEnvironment,
  readWorkflowRun,
  type BuildRun,
  type WorkflowRun,
} from './provenance.ts';
export { dispatchOf, queueOf, type Queue, type QueueOptions } from './queue.ts';
export type { Path, Reader } from './reader.ts';
export { statusOf, type Progress, type Status } from './status.ts';
export { archNamespaces, catTemplate } from './bashbrew.ts';
export { tagsToAskFor, withDearFields } from './dear-fields.ts';
export { mergeSources } from './merge-sources.ts';
export { readPin, readPins } from './pins.ts';
export {
  dearFieldsOf,
  entryName,
  readDearFields,
  readSourceEntry,
  type DearFields,
  type SourceEntry,
} from './source-entry.ts';
