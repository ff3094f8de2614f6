// Serves a registry from a temporary folder, pushes a small image to it, and looks it up by the command line.
// Run it with `npm run quickstart`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createPlaces } from 'stowage';
import { layoutRegistry } from 'stowage/layout';
import { createHandler, listen } from 'stowage/server';
import { pushHello } from './push-hello.mjs';

const folder = mkdtempSync(join(tmpdir(), 'stowage-quickstart-'));
const server = await listen(createHandler(layoutRegistry(folder)));
const reference = `${new URL(server.url).host}/hello:latest`;
console.error(`A registry over ${folder} listens on ${server.url}.`);

const places = createPlaces();
await pushHello(places.open(reference));
await places.close();

console.error(`$ stowage lookup ${reference} --stats`);
const program = fileURLToPath(new URL('../dist/bin/stowage.js', import.meta.url));
const lookup = spawn(process.execPath, [program, 'lookup', reference, '--stats'], { stdio: 'inherit' });
[process.exitCode] = await once(lookup, 'close');
await server.close();
rmSync(folder, { recursive: true });
