import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { blobFile, digestOf } from './images.ts';
import { serve, type Server } from './servers.ts';
import { play, type Stage } from './stage.ts';

describe('SIGTERM, while `stowage serve` is receiving a blob,', () => {
  play('lets it finish, and takes nothing new', [], async (stage) => {
    const { server, upload, bytes, digest, directory } = await uploading(stage);
    server.process.kill('SIGTERM');
    await server.process.line(/Finishing what is under way/);
    await expect(fetch(`${server.url}/v2/`)).rejects.toThrow();

    upload.end(bytes.subarray(bytes.length / 2));
    const [answer] = (await once(upload, 'response')) as [IncomingMessage];
    expect(answer.statusCode).toBe(201);
    answer.resume();
    const told = Date.now();
    expect(await server.process.ended).toMatchObject({ code: 0 });
    // The connection, which could be used again, must not keep it.
    expect(Date.now() - told).toBeLessThan(3000);
    expect(existsSync(blobFile(join(directory, 'a'), digest))).toBe(true);
  });

  play('ends it at once the second time', [], async (stage) => {
    const { server, upload } = await uploading(stage);
    const broken = once(upload, 'error');
    server.process.kill('SIGTERM');
    await server.process.line(/Finishing what is under way/);
    const told = Date.now();
    server.process.kill('SIGTERM');
    const { code } = await server.process.ended;
    expect(code).toBe(143);
    expect(Date.now() - told).toBeLessThan(3000);
    await broken;
  });
});

describe('SIGTERM, while nobody wants anything of `stowage serve`,', () => {
  play('ends it, also with connections that idle', [], async (stage) => {
    const server = await serve(stage, stage.newFolder('data'));
    const agent = new Agent({ keepAlive: true });
    stage.onClose(async () => agent.destroy());
    const [answer] = (await once(request(`${server.url}/v2/`, { agent }).end(), 'response')) as [
      IncomingMessage,
    ];
    answer.resume();
    await once(answer, 'end');
    server.process.kill('SIGTERM');
    const told = Date.now();
    expect(await server.process.ended).toMatchObject({ code: 0 });
    expect(Date.now() - told).toBeLessThan(3000);
  });
});

interface Uploading {
  readonly server: Server;
  readonly directory: string;
  /** The request, of which half the body is sent. */
  readonly upload: ClientRequest;
  readonly bytes: Buffer;
  readonly digest: string;
}

/** A server in the middle of an upload. */
async function uploading(stage: Stage): Promise<Uploading> {
  const directory = stage.newFolder('data');
  const server = await serve(stage, directory);
  const bytes = randomBytes(2_000_000);
  const digest = digestOf(bytes);
  const begun = await fetch(`${server.url}/v2/a/blobs/uploads/`, { method: 'POST' });
  const url = new URL(begun.headers.get('location') ?? '', server.url);
  url.searchParams.set('digest', digest);

  const agent = new Agent({ keepAlive: true });
  stage.onClose(async () => agent.destroy());
  // The server says when it has seen the request: only then it is under way.
  const headers = { 'content-length': bytes.length, expect: '100-continue' };
  const upload = request(url, { method: 'PUT', agent, headers });
  upload.flushHeaders();
  await once(upload, 'continue');
  upload.write(bytes.subarray(0, bytes.length / 2));
  return { server, directory, upload, bytes, digest };
}
