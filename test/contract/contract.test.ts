import { describe, test } from 'vitest';
import { contract } from '../../src/registry/contract/index.ts';
import { stacks } from './stacks.ts';

describe.each(Object.entries(stacks))('%s', (_, start) => {
  test.each(contract.map((entry) => [entry.name, entry] as const))('%s', async (__, { run }) => {
    const { registry, close } = await start();
    try {
      await run(registry);
    } finally {
      await close();
    }
  });
});
