import { test } from 'vitest';
import { contract } from '../../src/registry/contract/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';

for (const { name, run } of contract) test(name, () => run(memoryRegistry()));
