/** The part of undici that the bundled program has. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { expect, onTestFinished, test } from 'vitest';

/** Asks for a URL some times, one after the other. */
const ASKING = `
import { Agent } from '${resolve('scripts/undici-agent.mjs')}';
const [url, times] = process.argv.slice(2);
const agent = new Agent();
for (let time = 0; time < Number(times); time++)
  await new Promise((onResponseEnd, onResponseError) => {
    const handler = { onRequestStart() {}, onResponseStart() {}, onResponseData() {}, onResponseEnd, onResponseError };
    agent.dispatch({ origin: url, path: '/', method: 'GET' }, { ...handler, onResponseError: (_, error) => onResponseError(error) });
  });
await agent.close();
console.log('asked');
`;

test('the parser of HTTP is not compiled for speed because of a few answers: the program would wait for it', async () => {
  // Inside the package, for undici to be found.
  const folder = await mkdtemp(join(process.cwd(), 'node_modules/.stowage-agent-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [entry, program] = [join(folder, 'asking.mjs'), join(folder, 'bundled.mjs')];
  await writeFile(entry, ASKING);
  await build({
    entryPoints: [entry],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  const server = createServer((_, response) => response.end('there'));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;

  const { stdout } = await promisify(execFile)(process.execPath, [
    '--trace-wasm-compilation-times',
    program,
    `http://127.0.0.1:${port}`,
    '30',
  ]);
  expect(stdout).toContain('using Liftoff');
  expect(stdout).toContain('asked');
  expect(stdout).not.toContain('using TurboFan');
});
