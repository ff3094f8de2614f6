/** What can be done with images in any registry. Knows the interface, and never asks which kind it holds. */
export { bashbrewArchitecture } from './bashbrew.ts';
export * from './copy/index.ts';
export { synthesizeIndex, type SynthesizedIndex, type SynthesizeOptions } from './synthesize.ts';
