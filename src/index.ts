/**
 * Container images wherever they are. The parts that most programs start with; each room has an entry of its own, too:
 * `stowage/client`, `stowage/layout`, `stowage/server`, …
 */
export * from './oci/index.ts';
export * from './registry/index.ts';
export * from './image/index.ts';
export * from './place/index.ts';
export { version } from './version.ts';
