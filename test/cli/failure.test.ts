import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { describeFailureAt } from '../../src/cli/failure.ts';
import { RegistryError } from '../../src/registry/index.ts';

test('what a registry does not have may be a layout on this disk', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-folder-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const advice = `; for the layout in the folder ${folder}, write oci-layout:${folder} [`;
  const described = (error: RegistryError): string => describeFailureAt(error, 'r.test/x', folder);
  const [unknown, denied] = [
    new RegistryError('NAME_UNKNOWN', 'no'),
    new RegistryError('UNAUTHORIZED', 'no'),
  ];
  expect(described(unknown)).not.toContain('layout');
  await writeFile(join(folder, 'oci-layout'), '{}');
  expect(described(unknown)).toContain(advice);
  expect(described(denied)).toContain(advice);
  expect(described(new RegistryError('UNAVAILABLE', 'no'))).not.toContain('layout');
});
