import { describe, test } from 'vitest';
import { contract } from '../../../src/registry/contract/index.ts';
import { layoutRegistry } from '../../../src/store/layout/index.ts';
import { temporaryFolder } from './folder.ts';

describe('contract', () => {
  const folder = temporaryFolder();
  for (const { name, run } of contract) test(name, () => run(layoutRegistry(folder())));
});
