import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { readLayout } from './images.ts';
import { play, type Stage } from './stage.ts';

const certificate = (name: string): string =>
  new URL(`../transport/certificates/${name}`, import.meta.url).pathname;

/** A builder of its own, and what it is reached by. */
interface Buildkitd {
  readonly socket: string;
  readonly tcp: string;
  /** A folder with certificates that it takes. */
  readonly certificates: string;
  /** A folder to build in. */
  readonly context: string;
}

async function buildkitd(stage: Stage): Promise<Buildkitd> {
  const folder = stage.newFolder('buildkitd');
  const [certificates, context] = [join(folder, 'certificates'), join(folder, 'context')];
  for (const made of [folder, certificates, context]) await mkdir(made);
  for (const [from, to] of [
    ['ca.pem', 'ca.pem'],
    ['client.pem', 'cert.pem'],
    ['client.key', 'key.pem'],
  ] as const)
    await copyFile(certificate(from), join(certificates, to));
  await writeFile(
    join(context, 'Dockerfile'),
    'FROM scratch\nARG TARGETARCH\nENV ARCH=$TARGETARCH\nCOPY Dockerfile /\n',
  );
  const socket = `unix://${folder}/socket`;
  const where = ['--root', join(folder, 'root'), '--addr', socket, '--addr', 'tcp://127.0.0.1:0'];
  const tls = Object.entries({ cacert: 'ca.pem', cert: 'server.pem', key: 'server.key' }).map(
    ([name, file]) => `--tls${name}=${certificate(file)}`,
  );
  const running = stage.start(
    'buildkitd',
    [...where, ...tls, '--oci-worker=true', '--containerd-worker=false', '--oci-worker-net=host'],
    // That of the stage is not there, and would be taken for what is kept for a moment.
    { env: { XDG_RUNTIME_DIR: undefined } },
  );
  const [, address = ''] = await running.line(/running server on (127\.0\.0\.1:\d+)/);
  return { socket, tcp: `tcp://${address}`, certificates, context };
}

describe('a BuildKit of its own', () => {
  play(
    'builds for two platforms from what it built, over certificates and a socket',
    ['buildkitd', 'root'],
    async (stage) => {
      const { tcp, socket, certificates, context } = await buildkitd(stage);
      const [base, out] = [stage.newFolder('base'), stage.newFolder('out')];
      const platforms = ['--platform', 'linux/amd64,linux/arm64'];
      const secure = ['--address', tcp, '--tlsdir', certificates];
      await stage.stowage('build', ...secure, ...platforms, '-o', `oci-layout:${base}:1`, context);
      const file = join(context, 'Top');
      await writeFile(file, 'FROM base\nENV TOP=yes\n');
      const top = ['-f', file, '--context', `base=oci-layout:${base}:1`, ...platforms];
      const digest = await stage.stowage(
        'build',
        '--address',
        socket,
        ...top,
        '-o',
        `oci-layout:${out}:1`,
        context,
      );
      expect((await readLayout(out, '1')).digest).toBe(digest.trim());
      const shown = JSON.parse(await stage.stowage('lookup', `oci-layout:${out}:1`)) as {
        readonly manifests: readonly { readonly platform: { readonly architecture: string } }[];
      };
      expect(shown.manifests.map(({ platform }) => platform.architecture)).toEqual(['amd64', 'arm64']);
    },
  );

  play('writes files, tars and archives', ['buildkitd', 'root'], async (stage) => {
    const { socket, context } = await buildkitd(stage);
    const out = stage.newFolder('out');
    const outputs = [
      '-o',
      out,
      '-o',
      `type=tar,dest=${out}.tar`,
      '-o',
      `type=docker,dest=${out}.docker,name=a:1`,
    ];
    await stage.stowage('build', '--address', socket, ...outputs, '-o', `oci-archive:${out}.oci:1`, context);
    expect(await readFile(join(out, 'Dockerfile'))).toEqual(await readFile(join(context, 'Dockerfile')));
    expect(await stage.run('tar', '-tf', `${out}.tar`)).toBe('Dockerfile\n');
    for (const image of [`docker-archive:${out}.docker:a:1`, `oci-archive:${out}.oci:1`])
      await stage.stowage('lookup', image);
  });

  play('lets in whom it knows', ['buildkitd', 'root'], async (stage) => {
    const { tcp, certificates, context } = await buildkitd(stage);
    const attempt = async (...flags: readonly string[]): Promise<string> => {
      const { code, stderr } = await stage.tryStowage('build', '--address', tcp, ...flags, context);
      expect(code).toBe(1);
      return stderr;
    };
    expect(await attempt()).toContain('it may want TLS, with certificates');
    const others = stage.newFolder('certificates');
    await mkdir(others);
    await copyFile(join(certificates, 'ca.pem'), join(others, 'ca.pem'));
    expect(await attempt('--tlsdir', others)).toContain('it asks for a certificate of ours, and its key');
    await copyFile(certificate('other-ca.pem'), join(others, 'ca.pem'));
    expect(await attempt('--tlsdir', others)).toContain('nobody whom we trust vouches for it');
  });
});
