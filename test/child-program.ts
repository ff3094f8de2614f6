import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The addon for file locks, of which all have need that write to layouts or archives. */
const ADDON = 'fs-native-extensions';

/**
 * Bundles a program that tests run as a process of its own, since Node 20 does not run TypeScript.
 * @param entry the program
 * @param folder where the bundle is put
 * @param beside packages that are not bundled: from the folder of the bundle they are found by their paths alone
 * @returns the path of the bundle
 */
export async function compileProgram(
  entry: URL,
  folder: string,
  beside: readonly string[] = [ADDON],
): Promise<string> {
  const outfile = join(folder, 'child.mjs');
  const { resolve } = createRequire(import.meta.url);
  const alias = Object.fromEntries(beside.map((name) => [name, resolve(name)]));
  await build({
    entryPoints: [fileURLToPath(entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    alias,
    external: Object.values(alias),
    logLevel: 'warning',
  });
  return outfile;
}
