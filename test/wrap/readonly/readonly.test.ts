import { expect, test } from 'vitest';
import { intercept, type AnyResult, type Operation } from '../../../src/registry/index.ts';
import { memoryRegistry } from '../../../src/store/memory/index.ts';
import { readOnly } from '../../../src/wrap/readonly/index.ts';
import { multi } from '../../image/graph.ts';

test('everything is read', async () => {
  const registry = memoryRegistry();
  await multi.push(registry, 'r', { tags: { 1: 'index' } });
  expect(await multi.held(readOnly(registry, 'it'), 'r')).toEqual([...multi.nodes.keys()]);
});

test('nothing is written or deleted: the registry behind is not even asked', async () => {
  const asked: Operation['name'][] = [];
  const behind = intercept(memoryRegistry(), (operation, next): AnyResult => {
    asked.push(operation.name);
    return next(operation);
  });
  const registry = readOnly(behind, 'it');
  const digest = multi.digest('index');
  const bytes = new Uint8Array();
  for (const write of [
    registry.pushBlob('r', { digest, size: 0 }, bytes),
    registry.startUpload('r'),
    registry.mountBlob('r', digest),
    registry.pushManifest('r', bytes, { mediaType: 'application/json' }),
    registry.deleteBlob('r', digest),
    registry.deleteManifest('r', '1'),
  ])
    await expect(write).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      status: 405,
      message: 'it is for reading only',
    });
  expect(asked).toEqual([]);
});
