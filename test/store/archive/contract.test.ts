import { describe, test } from 'vitest';
import { contract } from '../../../src/registry/contract/index.ts';
import type { ArchiveOptions } from '../../../src/store/archive/index.ts';
import { temporaryFolder } from '../layout/folder.ts';
import { archivesIn } from './archives.ts';

const options: readonly ArchiveOptions[] = [{ format: 'docker' }, { format: 'oci', compression: 'gzip' }];

describe.each(options)('contract of an archive, %o', (option) => {
  const folder = temporaryFolder();
  for (const whenWritten of ['go on', 'commit and reopen'] as const) {
    for (const { name, run } of contract) {
      test(`${whenWritten}: ${name}`, async () => {
        const archives = archivesIn(folder(), option, whenWritten);
        try {
          await run(archives.registry);
        } finally {
          await archives.close();
        }
      });
    }
  }
});
