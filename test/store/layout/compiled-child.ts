import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll } from 'vitest';

/** Bundles `child.ts`, as Node 20 does not run TypeScript. @returns the path of the program, once tests run */
export function compiledChild(): () => string {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stowage-child-'));
    // The addon is not bundled, and from the folder of the bundle it is found by its path alone.
    const addon = createRequire(import.meta.url).resolve('fs-native-extensions');
    await build({
      entryPoints: [fileURLToPath(new URL('child.ts', import.meta.url))],
      outfile: join(folder, 'child.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      alias: { 'fs-native-extensions': addon },
      external: [addon],
      logLevel: 'warning',
    });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return () => join(folder, 'child.mjs');
}
