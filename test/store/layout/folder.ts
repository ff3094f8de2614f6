import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

/** A new folder for each test, and its removal. */
export function temporaryFolder(): () => string {
  let path = '';
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'stowage-layout-'));
  });
  afterEach(() => rm(path, { recursive: true, force: true }));
  return () => path;
}
