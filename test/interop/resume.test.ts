/** Pushes that are ended in the middle: how much the next one sends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import { registryClient } from '../../src/client/index.ts';
import type { Digest } from '../../src/oci/index.ts';
import { printTable } from './copiers.ts';
import { makeLargeImage, type Layout } from './images.ts';
import { cli } from './peers.ts';
import type { Ending, Running } from './processes.ts';
import { dockerRegistry, proxy, serve, type Proxy, type Server } from './servers.ts';
import { play, type Stage } from './stage.ts';

const MiB = 1024 * 1024;
/** Of the layer. */
const SIZE = 256 * MiB;
/** What may be sent twice: a chunk, and what is not the layer. */
const CHUNK = 16 * MiB;
const OTHER = 64 * 1024;

const rows: (readonly string[])[] = [];
const note = (name: string, first: number, second: number): void => {
  rows.push([name, ...[first, second, first + second - SIZE].map((bytes) => (bytes / MiB).toFixed(1))]);
  printTable('a layer of ' + SIZE / MiB + ' MiB', ['', 'sent at first, MiB', 'then', 'twice'], rows);
};

describe(`a push of ${SIZE / MiB} MiB that is ended at half, and started again`, () => {
  play(
    'sends the rest to `stowage serve`, after kill -9',
    [],
    async (stage) => {
      const { image, door, server } = await between(stage, await serveNew(stage));
      const first = await endedAtHalf(stage, image, door, 'SIGKILL');
      expect(first.ending.signal).toBe('SIGKILL');
      const second = await pushed(stage, image, door);
      note('stowage serve, SIGKILL', first.sent, second);
      expect(second).toBeLessThan(SIZE - first.sent + CHUNK + OTHER);
      await expectBlob(server);
    },
    120_000,
  );

  play(
    'sends the rest to `stowage serve`, after SIGTERM',
    [],
    async (stage) => {
      const { image, door, server } = await between(stage, await serveNew(stage));
      const first = await endedAtHalf(stage, image, door, 'SIGTERM');
      expect(first.ending.code).toBe(143);
      const second = await pushed(stage, image, door);
      note('stowage serve, SIGTERM', first.sent, second);
      expect(second).toBeLessThan(SIZE - first.sent + CHUNK + OTHER);
      await expectBlob(server);
    },
    120_000,
  );

  play(
    'sends the rest to docker-registry, after SIGTERM',
    ['docker-registry'],
    async (stage) => {
      const { image, door, server } = await between(stage, await dockerRegistry(stage));
      const first = await endedAtHalf(stage, image, door, 'SIGTERM');
      expect(first.ending.code).toBe(143);
      const second = await pushed(stage, image, door);
      note('docker-registry, SIGTERM', first.sent, second);
      expect(second).toBeLessThan(SIZE - first.sent + CHUNK + OTHER);
      await expectBlob(server);
    },
    120_000,
  );

  // It signs how much it holds into each Location, and knows nothing of an upload that holds half a chunk more.
  play(
    'starts again with docker-registry, after kill -9',
    ['docker-registry'],
    async (stage) => {
      const { image, door, server } = await between(stage, await dockerRegistry(stage));
      const first = await endedAtHalf(stage, image, door, 'SIGKILL');
      const second = await pushed(stage, image, door);
      note('docker-registry, SIGKILL', first.sent, second);
      expect(second).toBeLessThan(SIZE + OTHER);
      await expectBlob(server);
    },
    120_000,
  );
});

describe(`a push of ${SIZE / MiB} MiB whose registry is killed in the middle, and comes back`, () => {
  play(
    'goes on where `stowage serve` had got to',
    [],
    async (stage) => {
      const directory = stage.newFolder('data');
      const killed = await serve(stage, directory);
      const { image, door } = await between(stage, killed);
      const running = push(stage, image, door);
      await half(door, running);
      killed.process.kill('SIGKILL');
      await killed.process.ended;
      const server = await serve(stage, directory, new URL(killed.url).port);
      const { code, stderr } = await running.ended;
      expect(code, stderr).toBe(0);
      const sent = await received(door);
      note('stowage serve, killed itself', sent, 0);
      // The proxy counts what it can no longer pass on, too. To begin anew would be half as much again.
      expect(sent).toBeLessThan(1.25 * SIZE);
      await expectBlob(server);
    },
    120_000,
  );
});

const serveNew = (stage: Stage): Promise<Server> => serve(stage, stage.newFolder('data'));

/** A registry, a proxy that counts what it gets, and an image to push. */
async function between(
  stage: Stage,
  server: Server,
): Promise<{ readonly image: Layout; readonly door: Proxy; readonly server: Server }> {
  return { image: await makeLargeImage(stage, 'source', SIZE), door: await proxy(stage, server), server };
}

function push(stage: Stage, { directory, tag }: Layout, { host }: Server): Running {
  return stage.start(process.execPath, [cli, 'copy', `oci-layout:${directory}:${tag}`, `${host}/big:1`]);
}

/** Bytes of request bodies that came by since it was asked for a new count. */
async function received({ url }: Server): Promise<number> {
  const answer = await fetch(`${url}/_stats`);
  return ((await answer.json()) as { in: number }).in;
}

/** Waits until half of the layer came by, and a little more: not the end of a chunk. */
async function half(door: Server, { ended }: Running): Promise<void> {
  let over = false;
  void ended.finally(() => (over = true));
  while ((await received(door)) < SIZE / 2 + CHUNK / 3) {
    if (over) throw new Error('the push ended before half of it was sent');
    await sleep(2);
  }
}

async function endedAtHalf(
  stage: Stage,
  image: Layout,
  door: Proxy,
  signal: NodeJS.Signals,
): Promise<{ readonly sent: number; readonly ending: Ending }> {
  const running = push(stage, image, door);
  await half(door, running);
  running.kill(signal);
  const ending = await running.ended;
  // What is still on its way through the proxy.
  await sleep(200);
  const sent = await received(door);
  await fetch(`${door.url}/_reset`, { method: 'POST' });
  expect(sent, ending.stderr).toBeLessThan(SIZE);
  return { sent, ending };
}

/** Pushes to the end. @returns how many bytes were sent for it */
async function pushed(stage: Stage, image: Layout, door: Proxy): Promise<number> {
  const { code, stderr } = await push(stage, image, door).ended;
  expect(code, stderr).toBe(0);
  return received(door);
}

/** The layer is there: reading it verifies it. */
async function expectBlob({ url }: Server): Promise<void> {
  const registry = registryClient(url);
  const manifest = await (
    await registry.getManifest('big', '1')
  ).json<{
    layers: readonly { digest: Digest; size: number }[];
  }>();
  const [layer] = manifest.layers;
  if (layer === undefined) throw new Error('the image has no layer');
  expect(layer.size).toBe(SIZE);
  let size = 0;
  for await (const piece of await registry.getBlob('big', layer.digest)) size += piece.length;
  expect(size).toBe(SIZE);
  await registry.close();
}
