import { setFlagsFromString } from 'node:v8';

/**
 * Has garbage be collected when the heap has grown by 40 %, for commands that keep much: unless told, V8 lets it grow to
 * several times of what is in use first. Costs a few percent of the time.
 * @see https://github.com/v8/v8/blob/main/src/flags/flag-definitions.h `heap_growing_percent`
 */
export function limitHeapGrowth(): void {
  setFlagsFromString('--heap-growing-percent=40');
}
