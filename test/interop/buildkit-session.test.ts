import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect } from 'vitest';
import {
  contentService,
  openDaemon,
  registryContent,
  type Attachable,
  type Daemon,
  type SolveResponse,
} from '../../src/buildkit/index.ts';
import { OpSchema } from '../../src/buildkit/proto/llb_pb.ts';
import { digestOf, type Digest } from '../../src/oci/index.ts';
import { noise } from '../../src/registry/contract/content.ts';
import { intercept, type Registry } from '../../src/registry/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { pushImage, type PushedImage } from '../buildkit/image.ts';
import { tarOf } from '../buildkit/tar.ts';
import type { Need } from './peers.ts';
import { dockerd } from './servers.ts';
import { play, type Stage } from './stage.ts';

/** A builder that runs already: `DOCKER_HOST=unix:///…` or `BUILDKIT_HOST=…`; without one, an engine is started. */
const running = Boolean(process.env['BUILDKIT_HOST'] ?? process.env['DOCKER_HOST']);
const NEEDS: readonly Need[] = running ? [] : ['dockerd'];

async function builder(stage: Stage): Promise<Daemon> {
  const daemon = await openDaemon(running ? {} : { env: (await dockerd(stage)).env });
  stage.onClose(() => daemon.close());
  return daemon;
}

/** An image of one layer that no builder has seen, and what is asked of its registry. */
async function image(size = 1000): Promise<PushedImage & { registry: Registry; asked: string[] }> {
  const memory = memoryRegistry();
  const seed = Math.floor(Math.random() * 2 ** 31);
  const pushed = await pushImage(memory, 'r', tarOf('file', noise(seed, size)));
  const asked: string[] = [];
  const registry = intercept(memory, (operation, next) => {
    asked.push(operation.name);
    return next(operation);
  });
  return { ...pushed, registry, asked };
}

/** Asks for what is at `oci-layout://NAME@DIGEST` in a store. */
async function solve(
  daemon: Daemon,
  attachables: readonly Attachable[],
  {
    store = 's',
    name = 'docker.io/library/base',
    digest,
    session: other,
  }: {
    store?: string;
    name?: string;
    digest: Digest;
    /** Another than that of the build. */
    session?: string;
  },
): Promise<SolveResponse> {
  const session = await daemon.session(attachables);
  const named = other ?? session.id;
  const source = toBinary(
    OpSchema,
    create(OpSchema, {
      op: {
        case: 'source',
        value: {
          identifier: `oci-layout://${name}@${digest}`,
          attrs: { 'oci.session': named, 'oci.store': store },
        },
      },
      platform: { os: 'linux', architecture: 'amd64' },
    }),
  );
  const result = toBinary(OpSchema, create(OpSchema, { inputs: [{ digest: digestOf(source) }] }));
  try {
    return await daemon.solve({
      ref: `stowage-${session.id}`,
      session: session.id,
      definition: { def: [source, result] },
      exporters: [{ type: 'image', attrs: { name: 'docker.io/stowage/session:1', unpack: 'true' } }],
      internal: true,
    });
  } finally {
    await session.close();
  }
}

describe('BuildKit reads an image over a session', () => {
  play(
    '[layout 32] by its digest, whatever it is called; each part is asked for once',
    NEEDS,
    async (stage) => {
      const daemon = await builder(stage);
      const { registry, asked, digests } = await image(5 * 1024 * 1024);
      const content = contentService(new Map([['oci:s', registryContent(registry, 'r')]]));
      const { exporterResponse } = await solve(daemon, [content], {
        name: 'not/real',
        digest: digests.manifest,
      });
      expect(exporterResponse).toMatchObject({ 'image.name': 'docker.io/stowage/session:1' });
      expect(asked).toEqual(['getManifest', 'getBlob', 'getBlob']);

      asked.splice(0);
      await solve(daemon, [content], { digest: digests.manifest });
      expect(asked).not.toContain('getBlob');
    },
  );

  play('[layout 21, 22, 33, 34, 35] and says what is missing', NEEDS, async (stage) => {
    const daemon = await builder(stage);
    const { registry, digests } = await image();
    const content = contentService(new Map([['oci:s', registryContent(registry, 'r')]]));
    const absent = digestOf(noise(1, 10));
    const message = async (solved: Promise<unknown>): Promise<string> =>
      solved.then(
        () => 'it was built',
        (error: Error) => error.message,
      );
    expect(await message(solve(daemon, [content], { digest: absent }))).toContain(
      `content ${absent}: not found`,
    );
    expect(await message(solve(daemon, [content], { digest: digests.manifest, store: 'other' }))).toContain(
      'unknown store oci:other',
    );
    expect(await message(solve(daemon, [], { digest: digests.manifest }))).toContain(
      'unknown service containerd.services.content.v1.Content',
    );
    // An engine notices by its next two health checks, 5 seconds apart, that a connection to /session was closed.
    const afterwards = (): Promise<string> =>
      message(solve(daemon, [content], { digest: digests.manifest, session: closed.id }));
    const closed = await daemon.session([content]);
    await closed.close();
    await expect
      .poll(afterwards, { timeout: 40_000, interval: 1000 })
      .toMatch(/no active session for [0-9a-f]{32}: context deadline exceeded/);
  });
});
