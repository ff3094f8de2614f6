import type { Digest, FullReference } from '../../oci/index.ts';
import type { Plan } from '../../plan/index.ts';
import type { Options, Registry } from '../../registry/index.ts';
import type { PlacedDocument } from './document.ts';

/**
 * How a deploy goes about it. What the registries fail with is told by `onStep`, for each reference that it concerns:
 * `deploy` lists the codes. What `authorize` fails with is passed over, as it shows again where a token is needed
 * (`UNAUTHORIZED`, `DENIED`); what `registryOf` throws is told like the failure of a request, and the signal ends all.
 */
export interface DeployOptions extends Options {
  /** The registry of a host, as references name it; the same one each time. */
  readonly registryOf: (host: string) => Registry;
  /** Do several documents at a time. Else one after the other. Those that bring something go before those that need it. */
  readonly parallel?: boolean;
  /** How many requests are under way at a time. 24 unless told; 1 for questions, where `parallel` is not. */
  readonly concurrency?: number;
  /**
   * The registries are known to refuse manifests whose children are missing, so that a manifest that is accepted, or
   * answers by its digest, needs no look at its children. Of Docker Hub this is known; else it is found out when one is
   * refused, and until then only a tag is taken for a proof that all is there.
   */
  readonly targetsVerify?: boolean;
  /** Is called when a registry is about to be asked for many repositories, with what will be done there. */
  readonly authorize?: (host: string, wants: readonly DeployWant[]) => Promise<void>;
  /** Is called when it is known what became of a reference. */
  readonly onStep?: (step: DeployStep) => void;
  /** Is told how many requests are made at the most: first as the documents alone have it, and whenever more is known. */
  readonly onPlan?: (plan: Plan, stage: PlanStage) => void;
  /** How many requests the bytes of a blob take at a host, in a plan: `mostChunks` of `stowage/client`. 1 unless told. */
  readonly requestsToSend?: (host: string, size: number) => number;
}

/**
 * On what a plan rests. Each includes what was made before.
 * - `documents`: on nothing else
 * - `survey`: on what registries have already
 * - `reading`: on what was read since, or went otherwise than expected; often
 * - `end`: nothing more is to come
 */
export type PlanStage = 'documents' | 'survey' | 'reading' | 'end';

export interface DeployWant {
  readonly repository: string;
  readonly actions: readonly string[];
}

/** What became of a reference. */
export interface DeployStep {
  readonly document: PlacedDocument;
  readonly reference: FullReference;
  readonly outcome:
    /** It was as it should be. */
    | 'present'
    /** It is now. */
    | 'changed'
    /** It could not be made so. */
    | 'failed'
    /** It was not begun, because something that it needs failed. */
    | 'left';
  readonly digest?: Digest;
  /** Of what failed: the error. */
  readonly error?: unknown;
  /** Of what was left: the number of the document that failed, or the host that does not answer. */
  readonly because?: number | string;
}

/** What a deploy came to, in references. */
export interface Deployed {
  readonly present: number;
  readonly changed: number;
  /** With those that were left. */
  readonly failed: readonly DeployStep[];
}
