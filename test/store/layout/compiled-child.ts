import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { compileProgram } from '../../child-program.ts';

/** Bundles `child.ts`. @returns the path of the program, once tests run */
export function compiledChild(): () => string {
  let folder = '';
  let program = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stowage-child-'));
    program = await compileProgram(new URL('child.ts', import.meta.url), folder);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return () => program;
}
