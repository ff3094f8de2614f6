import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { cli, dockerFolder, tools, workingRunc } from './peers.ts';
import { run, type Running } from './processes.ts';
import type { Stage } from './stage.ts';

/** Something that answers on a loopback port. */
export interface Server {
  /** As references write it: `127.0.0.1:40123`. */
  readonly host: string;
  readonly url: string;
  readonly process: Running;
}

/** `stowage serve`. */
export async function serve(stage: Stage, directory: string, port = '0'): Promise<Server> {
  const process_ = stage.start(process.execPath, [cli, 'serve', directory, '--port', port]);
  const [, url = ''] = await process_.line(/"url":"([^"]+)"/);
  return { url, host: new URL(url).host, process: process_ };
}

/**
 * Docker's own registry, in its form of 2.8.
 * @param htpasswd whom it lets in, if not everybody: a name and a hash by bcrypt, with a colon between them
 */
export async function dockerRegistry(
  stage: Stage,
  { htpasswd }: { readonly htpasswd?: string } = {},
): Promise<Server> {
  const directory = stage.newFolder('registry');
  const settings = `${directory}.json`; // which is YAML as well
  const passwords = `${directory}.htpasswd`;
  if (htpasswd !== undefined) await writeFile(passwords, htpasswd);
  await writeFile(
    settings,
    JSON.stringify({
      version: 0.1,
      log: { level: 'info' },
      ...(htpasswd !== undefined && { auth: { htpasswd: { realm: 'registry', path: passwords } } }),
      storage: { filesystem: { rootdirectory: directory }, delete: { enabled: true } },
      http: { addr: '127.0.0.1:0', secret: 'not a secret' },
    }),
  );
  const process_ = stage.start('docker-registry', ['serve', settings]);
  const [, host = ''] = await process_.line(/listening on (127\.0\.0\.1:\d+)/);
  return { host, url: `http://${host}`, process: process_ };
}

export interface Proxy extends Server {
  /** How many requests came by since it was started, or asked the last time. */
  requests(): Promise<number>;
  /** The same, by method too, and it goes on counting. */
  seen(): Promise<{ readonly requests: number; readonly byMethod: Readonly<Record<string, number>> }>;
}

/** chaos-proxy.mjs, which counts, delays, and breaks things. */
export async function proxy(stage: Stage, to: Server, ...options: readonly string[]): Promise<Proxy> {
  const process_ = stage.start(process.execPath, [
    join(tools, 'chaos-proxy.mjs'),
    '--to',
    to.url,
    ...options,
  ]);
  const [, url = ''] = await process_.line(/"url":"([^"]+)"/);
  const seen: Proxy['seen'] = async () =>
    (await (await fetch(`${url}/_stats`)).json()) as Awaited<ReturnType<Proxy['seen']>>;
  return {
    url,
    host: new URL(url).host,
    process: process_,
    seen,
    async requests() {
      const { requests } = await seen();
      await fetch(`${url}/_reset`, { method: 'POST' });
      return requests;
    },
  };
}

/** Runs the `docker` of an engine. */
export interface Docker {
  (...args: readonly string[]): Promise<string>;
  /** What others need to find the engine. */
  readonly env: Readonly<Record<string, string>>;
  /** Its process. */
  readonly pid: number;
  /** Where it keeps what belongs to its run. */
  readonly folder: string;
}

/** How an engine is set up. */
export interface DockerOptions {
  /** It keeps its images by graph drivers, as engines before 29 do unless told, and not with containerd. */
  readonly graphDrivers?: boolean;
  /** It runs in a network of its own, as that of Docker Desktop does, or one without root. */
  readonly apart?: boolean;
}

/**
 * Docker 28 with its BuildKit; as root, and as `peers.sh dockerd` starts it. `docker run` and the steps of builds take a runc
 * that starts on this machine, if there is one.
 */
export async function dockerd(
  stage: Stage,
  { graphDrivers = false, apart = false }: DockerOptions = {},
): Promise<Docker> {
  const engine = dockerFolder() ?? '';
  const folder = stage.newFolder('dockerd');
  const plugins = join(folder, 'config/cli-plugins');
  await mkdir(plugins, { recursive: true });
  await copyFile(
    join(engine, 'usr/libexec/docker/cli-plugins/docker-buildx'),
    join(plugins, 'docker-buildx'),
  );
  const runc = workingRunc();
  const settings = join(folder, 'daemon.json');
  await writeFile(
    settings,
    JSON.stringify({
      features: { 'containerd-snapshotter': !graphDrivers },
      ...(!graphDrivers && { 'insecure-registries': ['127.0.0.0/8'] }),
      bridge: 'none',
      iptables: false,
      ip6tables: false,
      ...(runc !== undefined && {
        'default-runtime': 'installed',
        runtimes: { installed: { path: runc } },
      }),
    }),
  );
  const flags = {
    'config-file': settings,
    'data-root': join(folder, 'data'),
    'exec-root': join(folder, 'exec'),
    pidfile: join(folder, 'docker.pid'),
    host: `unix://${folder}/docker.sock`,
  };
  const command = [
    ...(apart ? ['unshare', '--net'] : []),
    join(engine, 'usr/sbin/dockerd'),
    ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
  ];
  const [program = '', ...args] = command;
  const process_ = stage.start(program, args, {
    env: {
      PATH: [join(engine, 'usr/bin'), join(engine, 'usr/sbin'), process.env['PATH']].join(delimiter),
      ...(runc !== undefined && { DOCKER_BUILDKIT_RUNC_COMMAND: runc }),
      // That of the stage is not there, and would be taken for what is kept for a moment.
      XDG_RUNTIME_DIR: undefined,
    },
  });
  stage.onClose(async () => {
    process_.kill('SIGTERM');
    const late = setTimeout(() => process_.kill('SIGKILL'), 20_000);
    await process_.ended;
    clearTimeout(late);
  });
  await process_.line(/API listen on/);
  const env = {
    HOME: stage.folder,
    DOCKER_HOST: `unix://${folder}/docker.sock`,
    DOCKER_CONFIG: join(folder, 'config'),
  };
  const docker = (...args: readonly string[]): Promise<string> =>
    run(join(engine, 'usr/bin/docker'), args, { env, timeout: 120_000 });
  return Object.assign(docker, { env, pid: process_.pid, folder });
}

/** Runs the `ctr` of a containerd of its own. */
export type Ctr = (...args: readonly string[]) => Promise<string>;

/** containerd, without what Kubernetes wants of it; as root. */
export async function containerd(stage: Stage): Promise<Ctr> {
  const folder = stage.newFolder('containerd');
  const settings = `${folder}.toml`;
  await writeFile(
    settings,
    [
      'version = 2',
      `root = "${folder}/root"`,
      `state = "${folder}/state"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime"]',
      `[grpc]\naddress = "${folder}/socket"`,
      `[ttrpc]\naddress = "${folder}/socket.ttrpc"`,
    ].join('\n'),
  );
  const process_ = stage.start('containerd', ['-c', settings]);
  await process_.line(/containerd successfully booted/);
  return (...args) => stage.run('ctr', '-a', `${folder}/socket`, ...args);
}
