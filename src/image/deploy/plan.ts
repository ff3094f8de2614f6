import type { Digest } from '../../oci/index.ts';
import type { Plan } from '../../plan/index.ts';
import { tasksOf, type DeployTask } from './task.ts';
import { createBudget, type BudgetParts } from './budget.ts';
import type { PlacedDocument } from './document.ts';
import { createTargets } from './target.ts';

export interface PlanDeployOptions {
  /** Nothing but questions. */
  readonly dryRun?: boolean;
  /** How many requests the bytes of a blob take at a host, at the most: `mostChunks` of `stowage/client`. 1 unless told. */
  readonly requestsToSend?: (host: string, size: number) => number;
}

/**
 * How many requests a deploy makes at the most, as far as the documents tell: that nothing is there, that each child has
 * to be copied, and that images refer to as many layers as their sizes leave room for. Inside of one registry, blobs are
 * taken to be mounted. What indexes refer to that indexes list, and what is copied without being carried, nobody knows
 * before it is read; `deploy` tells its plan anew then.
 * @throws {Invalid} subject `document`, when one carries a manifest that is malformed, or two want different things under one
 * tag.
 */
export function planDeploy(documents: readonly PlacedDocument[], options: PlanDeployOptions = {}): Plan {
  const targets = createTargets(() => {
    throw new TypeError('a plan asks nobody');
  });
  const tasks = tasksOf(documents, targets);
  const carried = manifestsIn(documents);
  return planTasks(tasks, { targets, isCarried: (digest) => carried.has(digest) }, options);
}

/** The same, of documents that were taken apart. */
export function planTasks(
  tasks: readonly DeployTask[],
  parts: Omit<BudgetParts, 'onChange'>,
  { dryRun = false, requestsToSend }: PlanDeployOptions,
): Plan {
  const budget = createBudget({ ...parts, requestsToSend });
  budget.questions(tasks);
  if (!dryRun) for (const task of tasks) budget.change(task, tagsOf(task.refs), false);
  return budget.plan;
}

/** The manifests that documents carry, by digest. */
export function manifestsIn(documents: readonly PlacedDocument[]): ReadonlyMap<Digest, PlacedDocument> {
  return new Map(
    documents.flatMap((document) => {
      const digest = document.data === undefined ? undefined : document.refs[0]?.digest;
      return document.type === 'manifest' && digest !== undefined ? [[digest, document]] : [];
    }),
  );
}

/** How many of some references are tags. */
export function tagsOf(refs: readonly { readonly tag?: string }[]): number {
  return refs.filter(({ tag }) => tag !== undefined).length;
}
