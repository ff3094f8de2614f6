/**
 * What every registry does, as cases that any test runner can run: a store is done when it passes them.
 *
 * @example
 * for (const { name, run } of contract) test(name, () => run(memoryRegistry()));
 */
import { blobCases } from './blobs.ts';
import type { ContractCase } from './case.ts';
import { listCases } from './lists.ts';
import { manifestCases } from './manifests.ts';
import { uploadCases } from './uploads.ts';

export type { ContractCase } from './case.ts';

/** All cases. Each wants a registry that is empty. */
export const contract: readonly ContractCase[] = [
  ...blobCases,
  ...manifestCases,
  ...uploadCases,
  ...listCases,
];
