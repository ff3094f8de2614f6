import pLimit from 'p-limit';
import { DOCKER_HUB, type Digest, type FullReference } from '../../oci/index.ts';
import type { Plan } from '../../plan/index.ts';
import { inOrder } from '../in-order.ts';
import { tasksOf, type DeployTask } from './task.ts';
import { carriedBy, type PerformContext } from './perform.ts';
import { createBudget, type Budget } from './budget.ts';
import { createTreeCopier } from './copy-tree.ts';
import type { PlacedDocument } from './document.ts';
import { createTokenPrefetch, type TokenPrefetch } from './token-prefetch.ts';
import type { DeployOptions } from './options.ts';
import { manifestsIn, planTasks } from './plan.ts';
import { createPusher } from './push.ts';
import { createSources } from './manifest-reader.ts';
import { createSurvey } from './survey.ts';
import { createTargets, type Target } from './target.ts';
import { createWholeness } from './wholeness.ts';

/** Tasks that are looked at ahead of the one that is waited for. */
const AHEAD = 64;
/** Requests that are under way at a time. */
const CONCURRENCY = 24;

/** A deploy that may begin. */
export interface Prepared {
  readonly tasks: readonly DeployTask[];
  readonly budget: Budget;
  readonly tokens: TokenPrefetch;
  readonly performing: PerformContext;
  readonly signal: AbortSignal;
  /** The requests that it takes at the most, as far as the documents tell. */
  plan(dryRun: boolean): Plan;
  /** Looks what stands where tasks want something, and gives what it found in their order. Never fails. */
  look(): AsyncIterable<readonly [task: DeployTask, looked: Looked]>;
}

/** What was found out about a task. */
export interface Looked {
  /** Its references that are not as they should be, or of which nobody knows. */
  readonly wanted: readonly FullReference[];
  /** Why nobody knows. In a box, as anything may be thrown. */
  readonly failure?: { readonly error: unknown };
}

/** @param everyBlob ask for all of them, though the request that sends one would ask as well */
export function prepare(
  documents: readonly PlacedDocument[],
  options: DeployOptions,
  everyBlob: boolean,
): Prepared {
  const { registryOf, parallel = false, concurrency = CONCURRENCY, authorize, onPlan } = options;
  const { signal = new AbortController().signal, targetsVerify } = options;
  const targets = createTargets(registryOf);
  const tasks = tasksOf(documents, targets);
  const manifests = manifestsIn(documents);
  const counting = {
    targets,
    isCarried: (digest: Digest): boolean => manifests.has(digest),
    requestsToSend: options.requestsToSend,
  };
  const budget = createBudget({
    ...counting,
    onChange: (plan) => onPlan?.(plan, 'reading'),
  });
  budget.questions(tasks);
  const parts = {
    limit: pLimit(concurrency),
    signal,
    budget,
    carried: (digest: Digest) => {
      const document = manifests.get(digest);
      return document && carriedBy(document, digest);
    },
    verifies: ({ host }: Target) => targetsVerify ?? host === DOCKER_HUB,
  };
  const sources = createSources(parts);
  const wholeness = createWholeness({ ...parts, sources });
  const copier = createTreeCopier({ ...parts, sources, wholeness, pusher: createPusher(parts) });
  const asking = pLimit(parallel ? concurrency : 1);
  const survey = createSurvey({ targets, wholeness, limit: asking, signal, everyBlob });
  const tokens = createTokenPrefetch(tasks, authorize);

  const lookAt = async (task: DeployTask): Promise<Looked> => {
    try {
      const standings = await tokens.question(task, () => survey.look(task));
      return { wanted: task.refs.filter((_, at) => standings[at] !== 'present') };
    } catch (error) {
      return { wanted: task.refs, failure: { error } };
    }
  };

  return {
    tasks,
    budget,
    tokens,
    signal,
    plan: (dryRun) => planTasks(tasks, counting, { ...options, dryRun }),
    performing: { ...parts, targets, copier, sources },
    look: () => inOrder(tasks, async (task) => [task, await lookAt(task)] as const, { held: AHEAD }),
  };
}
