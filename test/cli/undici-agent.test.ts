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

/** What a program prints that asks a server some times, with what V8 tells of compiling WebAssembly. */
async function ask(
  times: number,
  flags: readonly string[] = [],
): Promise<{ stdout: string; stderr: string }> {
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
  const url = `http://127.0.0.1:${port}`;
  return promisify(execFile)(process.execPath, [
    '--trace-wasm-compilation-times',
    ...flags,
    program,
    url,
    String(times),
  ]);
}

test('the parser of HTTP is not compiled for speed because of a few answers: the program would wait for it', async () => {
  const { stdout, stderr } = await ask(30);
  expect(stdout).toContain('using Liftoff');
  expect(stdout).toContain('asked');
  expect(stdout).not.toContain('using TurboFan');
  // V8 would tell here that it does not know a flag.
  expect(stderr).toBe('');
});

test('a Node that was not tried gets no flag of V8: it may not know it, and would say so at each command', async () => {
  const versions =
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '99.0.0' } })";
  const { stdout } = await ask(30, ['--import', `data:text/javascript,${encodeURIComponent(versions)}`]);
  expect(stdout).toContain('asked');
  expect(stdout).toContain('using TurboFan');
});
