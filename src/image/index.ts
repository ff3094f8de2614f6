/** What can be done with images in any registry. Knows the interface, and never asks which kind it holds. */
export { isAbsent } from './absent.ts';
export { bashbrewArchitecture } from './bashbrew.ts';
export * from './canonical/index.ts';
export * from './copy/index.ts';
export * from './deploy/index.ts';
export { inOrder } from './in-order.ts';
export { describeSubject, sortAnnotations } from './entry.ts';
export {
  repair,
  type Lack,
  type Repair,
  type Repairable,
  type RepairOptions,
  type RepairSource,
} from './repair.ts';
export {
  isAttestation,
  synthesizeIndex,
  type SynthesizedIndex,
  type SynthesizeOptions,
} from './synthesize.ts';
export * from './validate/index.ts';
