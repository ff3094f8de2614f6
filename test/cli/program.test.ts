/** The bundled program, as a shell runs it. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { version } from '../../src/version.ts';
import type { Ran } from './stowage.ts';

let folder = '';
let outputs: Metafile['outputs'] = {};

beforeAll(async () => {
  // Inside the package, for what is not bundled to be found.
  folder = await mkdtemp(join(process.cwd(), 'node_modules/.stowage-cli-'));
  const { dependencies } = JSON.parse(await readFile('package.json', 'utf8')) as { dependencies: object };
  const { metafile } = await build({
    entryPoints: { stowage: 'src/cli/main.ts' },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: Object.keys(dependencies),
    metafile: true,
  });
  ({ outputs } = metafile);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function node(...args: readonly string[]): Promise<Ran> {
  // Reading certificates takes longer than starting does.
  const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env: { ...env, HOME: '/nowhere' } }, (error, stdout, stderr) =>
      resolve({ stdout, stderr, code: error === null ? 0 : Number(error.code) }),
    );
  });
}
const stowage = (...args: readonly string[]): Promise<Ran> => node(join(folder, 'stowage.mjs'), ...args);

test('the version is that of the package', async () => {
  const { version: wanted } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };
  expect(version).toBe(wanted);
  for (const flag of ['--version', '-v'])
    expect(await stowage(flag)).toEqual({ stdout: `${wanted}\n`, stderr: '', code: 0 });
});

test('--help: the commands, on standard output', async () => {
  const { stdout, stderr, code } = await stowage('--help');
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  for (const command of ['lookup', 'copy', 'serve']) expect(stdout).toContain(command);
});

test.each([
  ['an unknown command', ['nothing']],
  ['an unknown flag', ['lookup', '--nothing', 'x']],
  ['no reference', ['lookup']],
  ['one reference too few', ['copy', 'x']],
  ['one too many', ['copy', 'x', 'y', 'z']],
  ['a port that is no number', ['serve', '--port', 'x']],
  ['a malformed reference', ['lookup', 'UPPER/x']],
])('2: %s', async (_, args) => {
  const { stdout, stderr, code } = await stowage(...args);
  expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
  expect(stderr).toMatch(/^stowage: ./);
});

test.each(['./images', '/tmp', '~/images:1', '..'])(
  '%s is no reference, but a layout may be there',
  async (path) => {
    const { stderr, code } = await stowage('lookup', path);
    expect(code).toBe(2);
    expect(stderr).toContain(`; for the layout in a folder, write oci-layout:${path} [REFERENCE_INVALID]`);
  },
);

test.each([
  [
    'any command',
    'src/cli/run.ts',
    ['place', 'client', 'image', 'store', 'layout-index', 'builds', 'buildkit'],
  ],
  ['lookup', 'src/cli/lookup/lookup.ts', ['store/archive', 'tar', 'buildkit', 'builds', 'server']],
  ['copy', 'src/cli/copy/copy.ts', ['store/archive', 'tar', 'buildkit', 'builds', 'server']],
  [
    'layout resolve',
    'src/cli/layout/resolve.ts',
    ['store/archive', 'tar', 'buildkit', 'builds', 'image', 'json'],
  ],
  ['serve', 'src/cli/serve/serve.ts', ['store/archive', 'tar', 'buildkit', 'builds', 'image', 'json']],
])('what %s has no use for is not loaded with it', (_, entry, rooms) => {
  const files = loadedWith(entry);
  expect(files).toContain(entry);
  expect(files.filter((file) => rooms.some((room) => file.startsWith(`src/${room}/`)))).toEqual([]);
});

/** The source files of a command, and of all that has to be loaded before it begins. */
function loadedWith(entry: string): readonly string[] {
  const loaded = new Set(Object.keys(outputs).filter((path) => outputs[path]?.entryPoint === entry));
  for (const path of loaded) {
    for (const { path: other, kind } of outputs[path]?.imports ?? [])
      if (kind === 'import-statement') loaded.add(other);
  }
  return [...loaded].flatMap((path) => Object.keys(outputs[path]?.inputs ?? {}));
}

test('--version takes at most twice as long as starting Node', async () => {
  const time = async (run: () => Promise<Ran>): Promise<number> => {
    const started = performance.now();
    await run();
    return performance.now() - started;
  };
  // The best of several rounds, in turns: what else the machine does meets both.
  let [bare, ours] = [Infinity, Infinity];
  for (let round = 0; round < 10; round++) {
    bare = Math.min(bare, await time(() => node('-e', '0')));
    ours = Math.min(ours, await time(() => stowage('--version')));
  }
  expect(ours / bare).toBeLessThan(2);
});
