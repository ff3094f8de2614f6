/** A registry whose reads are answered by mirrors, as far as they can. */
export type { MirrorEvent } from './event.ts';
export { mirrored } from './mirror.ts';
export type { Mirror, MirroredOptions } from './options.ts';
export type { Fallback, MirrorOutcome } from './outcome.ts';
