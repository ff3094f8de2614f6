/** The interface that everything meets at, with its errors, contents and sources. Knows the words alone. */
export * from './abort-watch.ts';
export * from './accept.ts';
export * from './blob-descriptor.ts';
export * from './blob-reader.ts';
export * from './content.ts';
export * from './error.ts';
export * from './intercept.ts';
export * from './names.ts';
export * from './operation.ts';
export * from './registry.ts';
export * from './single-flight.ts';
export * from './source.ts';
export * from './suspension.ts';
export * from './uploads.ts';
export * from './watch.ts';
