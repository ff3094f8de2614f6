/** The Docker Official Images at scale: from sources to builds. Knows registries by their interface alone. */
export type { ArchIndex } from './resolve/arch-index.ts';
export { buildIdOf, type BuildParts } from './resolve/build-id.ts';
export type { Build } from './resolve/resolver.ts';
export { createBuilds, planBuilds, type BuildProgress, type BuildsOptions } from './resolve/create-builds.ts';
export { formatBuilds } from './output/format-builds.ts';
export { formatIndexes, parseIndexCache, type CacheEntry, type IndexCache } from './resolve/index-cache.ts';
export type { Ledger } from './resolve/ledger.ts';
export type { Sources } from './sources/link-parents.ts';
export type { Shard } from './resolve/shard.ts';
export { mergeBuilds, type BuildsPart } from './output/merge-builds.ts';
export { mergeCaches, type CachePart } from './output/merge-caches.ts';
export { parseSources } from './sources/parse-sources.ts';
export { DEFAULT_STAGING, parseStaging, type StagingRepository, type Staging } from './resolve/staging.ts';
export { targetName, type ImageName, type Parent, type SourceText, type Target } from './sources/target.ts';
export * from './commands/index.ts';
export { deployDocuments, type DeployOptions } from './listed/deploy-documents.ts';
export { completeJobs, readJobs, type JobsRecord } from './listed/jobs.ts';
export { archTagsOf, nameOf, readBuilds, tagsOf, type ListedBuild } from './listed/listed-build.ts';
export type { TextSource } from '../json/index.ts';
export { deployedBefore, type Past } from './listed/deployed.ts';
export {
  provenanceOf,
  readRunnerEnvironment,
  readWorkflowRun,
  type BuildRun,
  type WorkflowRun,
} from './listed/provenance.ts';
export { dispatchOf, queueOf, type Queue, type QueueOptions } from './listed/queue.ts';
export type { Path, DocumentReader } from '../json/index.ts';
export { statusOf, type Progress, type Status } from './listed/status.ts';
export { archNamespaces, catTemplate } from './sources/cat-template.ts';
export { tagsToAskFor, withComputedFields } from './sources/computed-fields.ts';
export { mergeSources } from './sources/merge-sources.ts';
export { readPin, readPins } from './sources/pins.ts';
export {
  computedFieldsOf,
  entryName,
  readComputedFields,
  readSourceEntry,
  type ComputedFields,
  type SourceEntry,
} from './sources/source-entry.ts';
