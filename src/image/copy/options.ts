import type { Descriptor, Digest, Platform } from '../../oci/index.ts';
import type { Plan } from '../../plan/index.ts';
import type { Options, Registry } from '../../registry/index.ts';

/** Where to copy from, or to. Two places share a registry if they hold the same object. */
export interface CopyPlace {
  readonly registry: Registry;
  readonly repository: string;
  readonly tag?: string;
  /** Goes before the tag where something is read; where it is written, what is written has to have it. */
  readonly digest?: Digest;
}

/** One thing on its way. */
export interface CopyStep {
  readonly kind: 'blob' | 'manifest';
  readonly descriptor: Descriptor;
}

/** Why a thing was not sent. */
export type SkipReason =
  /** The target has it. */
  | 'present'
  /** A layer that may not be distributed. */
  | 'non-distributable'
  /** The `before` hook said so. */
  | 'refused';

/** How many requests a copy makes at each end, at the most, where that is a registry over HTTP. */
export interface CopyPlan {
  readonly from: Plan;
  readonly to: Plan;
}

/**
 * What a plan rests on. Each includes what was made before.
 * - `asking`: the references alone: so much it takes to learn what there is to copy, and what the target has
 * - `trying`: the target may have all that the manifest needs, and is sent it to find out
 * - `sending`: all that will be sent has been looked at
 * - `refused`: the target misses what it had, or was sent, a moment ago
 */
export type CopyStage = 'asking' | 'trying' | 'sending' | 'refused';

export interface CopyOptions extends Options {
  /** Keep these platforms of an index, with what attests to them. All have to be there. Unless told, all. */
  readonly platforms?: readonly Platform[];
  /** Copy what refers to the image as well: signatures, SBOMs; and what refers to those. */
  readonly referrers?: boolean;
  /** How many things are on their way at a time. 24 unless told. */
  readonly concurrency?: number;
  /**
   * The target is known to refuse manifests whose children are missing, as the registries that publish images do.
   * Then a manifest that is accepted needs no look at its children. Found out by itself, once a manifest was refused.
   */
  readonly targetVerifies?: boolean;
  /**
   * Is told how many requests it will take at the most, before they are made, and again when more is known. Then
   * all manifests are read before the first thing is sent; there are no more requests for that.
   */
  readonly onPlan?: (plan: CopyPlan, stage: CopyStage) => void;
  /** How many requests the bytes of a blob take, at the most, in a plan: `mostChunks` of `stowage/client`. 1 unless told. */
  readonly requestsToSend?: (size: number) => number;
  /** Is called before a thing is sent. Giving `false` leaves it out: then the target must have it, or not mind. */
  readonly before?: (step: CopyStep) => void | boolean | Promise<void | boolean>;
  /** Is called for each piece of a blob that comes from the source, with its bytes; for what is read again as well. */
  readonly coming?: (step: CopyStep, bytes: number) => void;
  /** Is called when a thing has arrived. */
  readonly after?: (step: CopyStep) => void | Promise<void>;
  /** Is called for a thing that was not sent. */
  readonly skipped?: (step: CopyStep, reason: SkipReason) => void | Promise<void>;
}

/** What a copy came to. */
export interface Copied {
  /** What the target now has: the source's own descriptor, unless platforms were left out. */
  readonly descriptor: Descriptor;
  /** Things that were sent, by kind. */
  readonly sent: { readonly manifests: number; readonly blobs: number };
  /** Bytes of the blobs and manifests that were sent. */
  readonly bytes: number;
}
