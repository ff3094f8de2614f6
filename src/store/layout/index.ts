/** A registry in a folder of OCI image layouts. */
export { layoutRegistry, singleLayout, type SingleLayoutOptions } from './layout.ts';
export type { LayoutOptions } from './repositories.ts';
