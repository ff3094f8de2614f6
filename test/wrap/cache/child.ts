/** A process that fills a cache on the disk, and reads from it, until it is killed. It is bundled, as Node 20 runs no TypeScript. */
import { writeSync } from 'node:fs';
import { diskCache } from '../../../src/wrap/cache/index.ts';
import { pieces, scope } from './pieces.ts';

const store = diskCache(process.argv[2] ?? '', { maxSize: 4_000_000 });
for (let round = 0; ; round++) {
  for (const { descriptor, content } of pieces()) {
    const epoch = await store.epoch(scope);
    await store.setContent(scope.namespace, descriptor.digest, content);
    await store.setDescriptor(scope, 'blobs', descriptor.digest, descriptor, epoch);
    await store.content(scope.namespace, descriptor.digest, descriptor.size);
    if (round % 7 === 3) await store.clearDescriptor(scope, descriptor.digest);
    writeSync(1, '.');
  }
}
