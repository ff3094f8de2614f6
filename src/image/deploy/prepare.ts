import pLimit from 'p-limit';
import { DOCKER_HUB, type Digest, type FullReference } from '../../oci/index.ts';
import type { Plan } from '../../plan/index.ts';
import { aimsOf, type Aim } from './aim.ts';
import { carriedBy, type BringParts } from './bring.ts';
import { createBudget, type Budget } from './budget.ts';
import { createCarrier } from './carry.ts';
import type { PlacedDocument } from './document.ts';
import { createEntrance, type Entrance } from './entrance.ts';
import type { DeployOptions } from './options.ts';
import { manifestsIn, planAims } from './plan.ts';
import { createPusher } from './push.ts';
import { createSources } from './source.ts';
import { createSurvey } from './survey.ts';
import { createTargets, type Target } from './target.ts';

/** Requests that are under way at a time. */
const CONCURRENCY = 24;

/** A deploy that may begin. */
export interface Prepared {
  readonly aims: readonly Aim[];
  readonly budget: Budget;
  readonly entrance: Entrance;
  readonly bringing: BringParts;
  readonly signal: AbortSignal;
  /** The requests that it takes at the most, as far as the documents tell. */
  plan(dryRun: boolean): Plan;
  /** What stands where an aim wants something. Never fails. */
  look(aim: Aim): Promise<Looked>;
}

/** What was found out about an aim. */
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
  const aims = aimsOf(documents, targets);
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
  budget.questions(aims);
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
  const carrier = createCarrier({ ...parts, sources, pusher: createPusher(parts) });
  const survey = createSurvey({ targets, limit: pLimit(parallel ? concurrency : 1), signal, everyBlob });
  const entrance = createEntrance(aims, authorize);

  return {
    aims,
    budget,
    entrance,
    signal,
    plan: (dryRun) => planAims(aims, counting, { ...options, dryRun }),
    bringing: { ...parts, targets, carrier, sources },
    async look(aim) {
      try {
        const standings = await entrance.question(aim, () => survey.look(aim));
        return { wanted: aim.refs.filter((_, at) => standings[at] !== 'present') };
      } catch (error) {
        return { wanted: aim.refs, failure: { error } };
      }
    },
  };
}
