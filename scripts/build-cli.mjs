// Bundles the command line: src/cli/main.ts → dist/bin/stowage.js.
// Each command is loaded by a dynamic import and becomes a chunk of its own, so that `stowage --help` reads none of them.
import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const entry = join(root, 'src/cli/main.ts');
const outdir = join(root, 'dist/bin');
const program = join(outdir, 'stowage.js');
const agent = join(root, 'scripts/undici-agent.mjs');

// What every command loads goes into the bundle as well: finding a package in node_modules takes 2 ms.
const bundled = /^(?:undici|p-limit|lru-cache|@connectrpc\/.*|@bufbuild\/protobuf)$/;
const { dependencies, peerDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

// Chunks are named after their content: those of the last build would stay.
await rm(outdir, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { stowage: entry },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  // What the package depends on is installed beside it; the rest goes into the bundle. Of undici only a part is needed; and
  // who builds with the command line need not install what the library loads only if it is there.
  external: Object.keys({ ...dependencies, ...peerDependencies }).filter((name) => !bundled.test(name)),
  plugins: [
    {
      name: 'undici-agent',
      setup: ({ onResolve }) => onResolve({ filter: /^undici$/ }, () => ({ path: agent })),
    },
  ],
  // undici is CommonJS, and asks for Node's modules by a `require` that modules do not have.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  chunkNames: 'chunk/[name]-[hash]',
  // Readable stack traces matter more here than bytes.
  minify: false,
  sourcemap: false,
  metafile: true,
  logLevel: 'warning',
});

// Not by esbuild's banner, which would put the line on top of every chunk as well.
const shebang = '#!/usr/bin/env node\n';
const text = await readFile(program, 'utf8');
if (!text.startsWith('#!')) await writeFile(program, shebang + text);
await chmod(program, 0o755);

const sizes = Object.values(metafile.outputs).map(({ bytes }) => bytes);
const kilobytes = Math.ceil(sizes.reduce((sum, bytes) => sum + bytes, 0) / 1000);
console.log(`dist/bin/stowage.js: ${sizes.length} files, ${kilobytes} kB`);
