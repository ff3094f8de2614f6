import { expect, test } from 'vitest';
import { platformContexts } from '../../src/cli/build/platform-contexts.ts';
import { readImage } from '../../src/cli/build/read-image.ts';
import { formatPlatform } from '../../src/oci/index.ts';
import { createPlaces } from '../../src/place/index.ts';
import { intercept } from '../../src/registry/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { pushImage } from '../buildkit/image.ts';
import { tarOf } from '../buildkit/tar.ts';

test('an index that does not say which image is for which platform is read once, by us and the builder', async () => {
  const memory = memoryRegistry();
  const { digests } = await pushImage(memory, 'r', tarOf('file', Buffer.from('x')));
  const { descriptor } = await memory.getManifest('r', digests.manifest);
  const { mediaType, digest, size } = descriptor;
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [{ mediaType, digest, size }],
  };
  const { mediaType: type } = index;
  await memory.pushManifest('r', Buffer.from(JSON.stringify(index)), { mediaType: type, tags: ['1'] });
  const asked: string[] = [];
  const registry = intercept(memory, (operation, next) => {
    asked.push(operation.name);
    return next(operation);
  });

  const place = { ...createPlaces().open('127.0.0.1:1/r:1'), registry, repository: 'r' };
  const image = await readImage(place, {});
  const contexts = await platformContexts({ name: 'base', image }, {});
  expect(contexts.map(({ platform }) => platform && formatPlatform(platform))).toEqual([
    'linux/amd64',
    undefined,
  ]);
  expect(asked).toEqual(['getManifest', 'getManifest', 'getBlob']);

  await (await image.source.registry.getManifest('r', image.source.digest)).bytes();
  expect(asked, 'what the builder asks for first is at hand').toHaveLength(3);
});
