/** The words: digests, descriptors, manifests, platforms, references. Knows nothing of registries. */
export * from './annotation.ts';
export * from './descriptor.ts';
export * from './digest.ts';
export * from './docker-reference.ts';
export * from './hash.ts';
export * from './invalid.ts';
export * from './json.ts';
export * from './manifest.ts';
export * from './mediatype.ts';
export * from './platform.ts';
export * from './reference.ts';
