import { Code, createClient, type Client } from '@connectrpc/connect';
import { writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { sshService, type SshAgent } from '../../src/buildkit/index.ts';
import { SSH } from '../../src/buildkit/proto/ssh_pb.ts';
import { checkAgents } from '../../src/buildkit/ssh/check-agents.ts';
import { folder, line, text, wired } from './wired.ts';

/** An agent: something that listens. */
async function agent(answer: (socket: Socket) => void): Promise<string> {
  const path = join(await folder(), 'agent.sock');
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    answer(socket);
  }).listen(path);
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  return path;
}

async function clientOf(...agents: readonly SshAgent[]): Promise<Client<typeof SSH>> {
  return createClient(SSH, await wired(sshService(agents)));
}

test('what is no agent is told of before the build, with what to do', async () => {
  await checkAgents([{ id: 'work', socket: await agent(() => undefined) }]);
  const key = join(await folder(), 'id_ed25519');
  await writeFile(key, 'a key');
  const refused = (socket: string): Promise<void> => checkAgents([{ id: 'git', socket }]);
  await expect(refused(key)).rejects.toThrow(`agent for SSH git: ${key} is not the socket of an agent`);
  await expect(refused(key)).rejects.toThrow(`ssh-add ${key}; then name no file`);
  await expect(refused(`${key}.none`)).rejects.toMatchObject({ code: 'SETTINGS_INVALID' });
});

describe('a step talks to an agent', () => {
  test('and each hears what the other says', async () => {
    const socket = await agent((peer) =>
      peer.on('data', (data: Buffer) => peer.write(`you said ${text(data)}`)),
    );
    const client = await clientOf({ id: 'default', socket });
    const said = line<{ data: Uint8Array }>();
    const heard = client.forwardAgent(said)[Symbol.asyncIterator]();
    for (const word of ['one', 'two']) {
      said.say({ data: Buffer.from(word) });
      expect(text((await heard.next()).value.data)).toBe(`you said ${word}`);
    }
    await heard.return?.();
  });

  test('that answers when all was said', async () => {
    const asked: Buffer[] = [];
    const socket = await agent((peer) => {
      peer.on('data', (data: Buffer) => asked.push(data));
      peer.on('end', () => peer.end(`${Buffer.concat(asked).length} bytes`));
    });
    const client = await clientOf({ id: 'work', socket });
    const question = async function* (): AsyncGenerator<{ data: Uint8Array }> {
      for (let count = 0; count < 40; count += 1) yield { data: Buffer.alloc(32 * 1024) };
    };
    const answers: Uint8Array[] = [];
    for await (const { data } of client.forwardAgent(question(), { headers: { 'buildkit.ssh.id': 'work' } }))
      answers.push(data);
    expect(text(Buffer.concat(answers))).toBe(`${40 * 32 * 1024} bytes`);
  });

  test('that hangs up first', async () => {
    const socket = await agent((peer) => peer.end('bye'));
    const client = await clientOf({ id: 'default', socket });
    const said = line<{ data: Uint8Array }>();
    const heard: string[] = [];
    for await (const { data } of client.forwardAgent(said)) heard.push(text(data));
    expect(heard).toEqual(['bye']);
    said.hangUp();
  });

  test('and when the step is gone, the agent is left', async () => {
    const left: Promise<unknown>[] = [];
    const socket = await agent((peer) => {
      left.push(new Promise((resolve) => peer.once('close', resolve)));
      peer.on('end', () => peer.end());
      peer.write('hello');
    });
    const client = await clientOf({ id: 'default', socket });
    const stop = new AbortController();
    const stream = client.forwardAgent(line<{ data: Uint8Array }>(), { signal: stop.signal });
    const heard = stream[Symbol.asyncIterator]();
    expect(text((await heard.next()).value.data)).toBe('hello');
    stop.abort();
    await expect(heard.next()).rejects.toMatchObject({ code: Code.Canceled });
    await Promise.all(left);
    expect(left).toHaveLength(1);
  });

  test('only if it was given', async () => {
    const client = await clientOf({ id: 'work', socket: '/none' });
    await expect(client.checkAgent({ id: 'default' })).rejects.toMatchObject({ code: Code.NotFound });
    expect(await client.checkAgent({ id: 'work' })).toMatchObject({});
  });

  test('and is told if nobody is there', async () => {
    const client = await clientOf({ id: 'default', socket: join(await folder(), 'none') });
    const talk = async (): Promise<void> => {
      for await (const _ of client.forwardAgent(line<{ data: Uint8Array }>())) void _;
    };
    await expect(talk()).rejects.toThrow('the agent for SSH default');
  });
});
