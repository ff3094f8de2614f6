import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

/** Docker's own registry, in its form of 2.8. */
export async function dockerRegistry(stage: Stage): Promise<Server> {
  const directory = stage.newFolder('registry');
  const settings = `${directory}.json`; // which is YAML as well
  await writeFile(
    settings,
    JSON.stringify({
      version: 0.1,
      log: { level: 'info' },
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

/** Docker 28 with its BuildKit; as root. `docker run` takes a runc that starts on this machine, if there is one. */
export async function dockerd(stage: Stage): Promise<Docker> {
  const engine = dockerFolder() ?? '';
  const folder = stage.newFolder('dockerd');
  const script = join(tools, 'peers.sh');
  await run('bash', [script, 'dockerd', engine, folder]);
  const pid = Number(await readFile(join(folder, 'docker.pid'), 'utf8'));
  stage.onClose(async () => {
    process.kill(pid, 'SIGTERM');
    if (!(await hasEnded(pid, 20_000))) process.kill(pid, 'SIGKILL');
  });
  const runc = workingRunc();
  if (runc !== undefined) {
    const settings = join(folder, 'daemon.json');
    const known = JSON.parse(await readFile(settings, 'utf8')) as Record<string, unknown>;
    const runtimes = { 'default-runtime': 'installed', runtimes: { installed: { path: runc } } };
    await writeFile(settings, JSON.stringify({ ...known, ...runtimes }));
    process.kill(pid, 'SIGHUP');
  }
  const env = {
    HOME: stage.folder,
    DOCKER_HOST: `unix://${folder}/docker.sock`,
    DOCKER_CONFIG: join(folder, 'config'),
  };
  const docker = (...args: readonly string[]): Promise<string> =>
    run(join(engine, 'usr/bin/docker'), args, { env, timeout: 120_000 });
  return Object.assign(docker, { env, pid, folder });
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

/** Waits for a process that is not our child. */
async function hasEnded(pid: number, patience: number): Promise<boolean> {
  for (const until = Date.now() + patience; Date.now() < until;) {
    try {
      process.kill(pid, 0);
    } catch {
      return true;
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  return false;
}
