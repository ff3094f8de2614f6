/** The canonical order: one way to write an index, so that equal ones have equal digests. */
export { canonicalDescriptor } from './descriptor.ts';
export { canonicalManifest } from './manifest.ts';
export { sortManifests } from './manifests.ts';
export { canonicalPlatform } from './platform.ts';
