import { describe, expect, onTestFinished, test } from 'vitest';
import { openDaemon, type Attachable, type Daemon, type DaemonKind } from '../../src/buildkit/index.ts';
import { Content } from '../../src/buildkit/proto/content_pb.ts';
import { Health } from '../../src/buildkit/proto/health_pb.ts';
import { Secrets } from '../../src/buildkit/proto/secrets_pb.ts';
import { SSH } from '../../src/buildkit/proto/ssh_pb.ts';
import { fakeDaemon, type FakeBuilder, type FakeDaemon } from './fake-daemon.ts';

/** Inside a call, on a connection of its own, and inside a call because the engine lets nothing else through. */
const BUILDERS: readonly (readonly [name: string, kind: DaemonKind, builder: Partial<FakeBuilder>])[] = [
  ['buildkitd', 'buildkitd', {}],
  ['a Docker engine', 'docker', {}],
  ['a Docker engine behind a proxy', 'docker', { callsAlone: true }],
];

async function started(
  kind: DaemonKind,
  builder: Partial<FakeBuilder> = {},
): Promise<{ fake: FakeDaemon; daemon: Daemon }> {
  const fake = await fakeDaemon(kind, builder);
  const daemon = await openDaemon({ address: fake.address, kind });
  onTestFinished(async () => {
    await daemon.close();
    await fake.close();
  });
  return { fake, daemon };
}

const secrets: Attachable = (router) => {
  router.service(Secrets, { getSecret: ({ id }) => ({ data: Buffer.from(`the secret of ${id}`) }) });
};

/** Gives back what it gets, in pieces of the same size. */
const echo: Attachable = (router) => {
  router.service(SSH, {
    async *forwardAgent(requests) {
      for await (const { data } of requests) yield { data };
    },
  });
};

describe.each(BUILDERS)('a session with %s', (_name, kind, builder) => {
  test('says who it is and what it has, each method on its own, and answers that it is well', async () => {
    const { fake, daemon } = await started(kind, builder);
    const session = await daemon.session([secrets], { sharedKey: 'home' });
    const { headers, service } = await fake.session(session.id);
    const named = headers.filter(([name]) => name.startsWith('x-docker-expose-session-'));
    expect(named.toSorted(([one], [other]) => one.localeCompare(other))).toEqual([
      ['x-docker-expose-session-grpc-method', '/grpc.health.v1.Health/Check'],
      ['x-docker-expose-session-grpc-method', '/grpc.health.v1.Health/Watch'],
      ['x-docker-expose-session-grpc-method', '/moby.buildkit.secrets.v1.Secrets/GetSecret'],
      ['x-docker-expose-session-sharedkey', 'home'],
      ['x-docker-expose-session-uuid', session.id],
    ]);
    expect(await service(Health).check({})).toMatchObject({ status: 1 });
    const { data } = await service(Secrets).getSecret({ id: 'key' });
    expect(Buffer.from(data).toString()).toBe('the secret of key');
  });

  test('[layout 34] without a content service, the builder is told that it does not exist', async () => {
    const { fake, daemon } = await started(kind, builder);
    const { service } = await fake.session((await daemon.session([secrets])).id);
    await expect(service(Content).info({ digest: '' })).rejects.toMatchObject({
      rawMessage: 'unknown service containerd.services.content.v1.Content',
    });
  });

  test('carries many bytes both ways', async () => {
    const { fake, daemon } = await started(kind, builder);
    const { service } = await fake.session((await daemon.session([echo])).id);
    const piece = new Uint8Array(500_000).fill(7);
    let [pieces, bytes] = [0, 0];
    for await (const { data } of service(SSH).forwardAgent(
      (async function* () {
        for (let at = 0; at < 10; at++) yield { data: piece };
      })(),
    )) {
      pieces++;
      bytes += data.length;
    }
    expect({ pieces, bytes }).toEqual({ pieces: 10, bytes: 5_000_000 });
  });

  test('a call that the builder gives up is ended here', async () => {
    const { fake, daemon } = await started(kind, builder);
    let ended: () => void = () => undefined;
    const told = new Promise<void>((resolve) => (ended = resolve));
    const held: Attachable = (router) => {
      router.service(Secrets, {
        getSecret: (_request, { signal }) =>
          new Promise(() => signal.addEventListener('abort', () => ended(), { once: true })),
      });
    };
    const { service } = await fake.session((await daemon.session([held])).id);
    await expect(service(Secrets).getSecret({}, { timeoutMs: 20 })).rejects.toThrow();
    await told;
  });

  test('[layout 35] is gone for the builder once it is closed', async () => {
    const { fake, daemon } = await started(kind, builder);
    const session = await daemon.session([secrets]);
    const { gone } = await fake.session(session.id);
    await session.close();
    expect(session.ended.aborted).toBe(true);
    await aborted(gone);
    expect(fake.sessions.size).toBe(0);
  });

  test('leaves the builder without a session when it is aborted', async () => {
    const { fake, daemon } = await started(kind, builder);
    const interrupt = new AbortController();
    const session = await daemon.session([secrets], { signal: interrupt.signal });
    const { gone } = await fake.session(session.id);
    interrupt.abort(new Error('interrupted'));
    expect(session.ended.reason).toEqual(new Error('interrupted'));
    await aborted(gone);
    expect(fake.sessions.size).toBe(0);
  });

  test('that the builder refuses fails what needs it, in the words of the builder', async () => {
    const { daemon } = await started(kind, {
      ...builder,
      refuseSessions: 'too many sessions: 100 %',
    });
    const session = await daemon.session([secrets]);
    await expect(aborted(session.ended).then(() => session.ended.throwIfAborted())).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('too many sessions: 100 %'),
    });
  });

  test('tells the services that it has ended', async () => {
    const { daemon } = await started(kind, builder);
    let told: AbortSignal | undefined;
    const session = await daemon.session([(_router, ended) => void (told = ended)]);
    expect(told?.aborted).toBe(false);
    await session.close();
    expect(told?.aborted).toBe(true);
  });

  test('that the builder loses fails the build that needs it, at once', async () => {
    const { fake, daemon } = await started(kind, {
      ...builder,
      control: () => ({ solve: () => new Promise(() => undefined) }),
    });
    const session = await daemon.session([secrets]);
    const solved = daemon.solve({ ref: 'r', session: session.id });
    (await fake.session(session.id)).drop();
    await expect(solved).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`the builder at ${fake.address} has ended the session`),
    });
    await expect(daemon.solve({ ref: 'r2', session: session.id })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });
});

/** Waits for it, where that may be a moment later. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
}
