import type { Descriptor, Digest, Platform } from '../../oci/index.ts';
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
  /** Is called before a thing is sent. Giving `false` leaves it out: then the target must have it, or not mind. */
  readonly before?: (step: CopyStep) => void | boolean | Promise<void | boolean>;
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
