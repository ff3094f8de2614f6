/** Settings of a memory registry. */
export interface MemoryOptions {
  /** Take manifests whose children are not there: for caches, and for indexes that are sparse on purpose. */
  readonly sparse?: boolean;
}
