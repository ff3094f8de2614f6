import { expect, test } from 'vitest';
import { outputsOf } from '../../src/cli/build/outputs.ts';
import type { Context } from '../../src/cli/context.ts';
import { createPlaces } from '../../src/place/index.ts';
import { memoryCache } from '../../src/wrap/cache/index.ts';

test('what a registry has is asked of itself: a cache may remember what is gone', async () => {
  const cache = memoryCache();
  const places = createPlaces({ cache });
  const { outputs } = outputsOf({} as Context, places, { output: ['localhost:5000/app:1'] });
  expect(outputs).toMatchObject([{ type: 'registry', repository: 'app', tags: ['1'] }]);
  const [output] = outputs;
  expect(output?.type === 'registry' && output.registry).toBe(places.client('localhost:5000'));
  await places.close();
  await cache.close();
});
