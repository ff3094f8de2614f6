import { connect, createServer, type ClientHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { createServer as createTcpServer, connect as connectTcp, type AddressInfo } from 'node:net';
import { Duplex, Transform } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { withoutResets } from '../../src/buildkit/session/resets-node.ts';

const CANCEL = 8;

/**
 * A server of HTTP/2 whose answers do not end, behind what takes the resets out, and a client of it.
 * @param piece how many bytes of what the client sends come at once
 */
async function connected(
  onStream: (stream: ServerHttp2Stream) => void,
  piece = Infinity,
): Promise<{ client: ClientHttp2Session; ended: () => boolean }> {
  const tcp = createTcpServer();
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  const served = new Promise<void>((resolve) =>
    tcp.once('connection', (socket) => {
      const server = createServer();
      server.on('stream', (stream) => {
        stream.on('error', () => undefined);
        onStream(stream);
        stream.respond({ ':status': 200 });
        stream.write(Buffer.alloc(1000));
      });
      const cut = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          for (let at = 0; at < chunk.length; at += piece)
            this.push(chunk.subarray(at, Math.min(chunk.length, at + piece)));
          done();
        },
      });
      server.emit(
        'connection',
        withoutResets(Duplex.from({ readable: socket.pipe(cut), writable: socket }), server),
      );
      resolve();
    }),
  );
  const socket = connectTcp((tcp.address() as AddressInfo).port, '127.0.0.1');
  const client = connect('http://localhost', { createConnection: () => socket });
  await served;
  let over = false;
  client.on('goaway', () => (over = true));
  client.on('error', () => (over = true));
  onTestFinished(() => {
    client.destroy();
    tcp.close();
  });
  return { client, ended: () => over };
}

/** Calls, waits for the first bytes, and gives up. */
function giveUp(client: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = client.request({ ':path': '/' });
    stream.once('data', () => stream.close(CANCEL));
    stream.once('error', reject);
    stream.once('close', resolve);
  });
}

test('a builder may give up more calls than Node allows strangers', async () => {
  let open = 0;
  const { client, ended } = await connected((stream) => {
    open++;
    stream.once('close', () => open--);
  });
  for (let calls = 0; calls < 1500; calls += 100)
    await Promise.all(Array.from({ length: 100 }, () => giveUp(client)));
  expect(ended()).toBe(false);
  await expect.poll(() => open).toBe(0);
});

test.each([1, 5, 13, 14, 22, 100])('the frames are found in pieces of %i bytes', async (piece) => {
  const closed: (number | undefined)[] = [];
  const { client, ended } = await connected(
    (stream) => stream.once('close', () => closed.push(stream.rstCode)),
    piece,
  );
  for (let calls = 0; calls < 5; calls++) await giveUp(client);
  await expect.poll(() => closed).toEqual([CANCEL, CANCEL, CANCEL, CANCEL, CANCEL]);
  expect(ended()).toBe(false);
});

test('a call that is given up before the server has told of it is ended as soon as it has', async () => {
  const closed: (number | undefined)[] = [];
  const { client } = await connected((stream) => stream.once('close', () => closed.push(stream.rstCode)));
  // Both frames are sent in one piece.
  const stream = client.request({ ':path': '/' });
  stream.on('error', () => undefined);
  stream.close(CANCEL);
  await giveUp(client);
  await expect.poll(() => closed.length).toBeGreaterThanOrEqual(1);
  expect(new Set(closed)).toEqual(new Set([CANCEL]));
});
