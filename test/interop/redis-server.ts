import { createServer, type AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import type { Running } from './processes.ts';
import type { Stage } from './stage.ts';

export interface RedisServer {
  readonly url: string;
  /** Of ioredis, to look at the keys. */
  readonly client: Redis;
  readonly process: Running;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A Redis that keeps nothing on the disk. */
export async function startRedis(stage: Stage, port: number, ...more: readonly string[]): Promise<Running> {
  const keepNothing = ['--save', '', '--appendonly', 'no', '--dir', stage.folder];
  const process_ = stage.start('redis-server', [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    ...keepNothing,
    ...more,
  ]);
  await process_.line(/Ready to accept connections/);
  return process_;
}

/** One on a port of its own. */
export async function redisServer(stage: Stage): Promise<RedisServer> {
  const port = await freePort();
  const process_ = await startRedis(stage, port);
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => null });
  client.on('error', () => {});
  stage.onClose(async () => client.disconnect());
  return { url: `redis://127.0.0.1:${port}`, client, process: process_ };
}
