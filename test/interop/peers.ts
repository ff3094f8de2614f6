import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';

/** What a test may need: programs by their names, and what has to be more than a program on the PATH. */
export type Need =
  | 'buildkitd'
  | 'buildah'
  | 'cc'
  | 'containerd'
  | 'crane'
  | 'docker-registry'
  | 'diff'
  | 'dockerd'
  | 'git'
  | 'oras'
  | 'podman'
  | 'openssl'
  | 'proc'
  | 'redis-server'
  | 'root'
  | 'runc'
  | 'skopeo'
  | 'ssh-agent'
  | 'tar'
  | 'umoci'
  | 'unshare';

/** The command line, as it was built. */
export const cli: string = resolve(process.env['STOWAGE_CLI'] ?? 'dist/bin/stowage.js');

/** The folder of make-image.mjs, chaos-proxy.mjs and peers.sh. */
export const tools: string = resolve(process.env['STOWAGE_TOOLS'] ?? '../shared/tools');

/** Where a program stands on the PATH. */
export function find(program: string): string | undefined {
  return findAll(program)[0];
}

/** Why a need is not met on this machine; undefined if it is. */
export function lacks(need: Need): string | undefined {
  switch (need) {
    case 'root':
      return process.getuid?.() === 0 ? undefined : 'needs root';
    case 'proc':
      return existsSync('/proc/self/status') ? undefined : 'there is no /proc';
    case 'containerd':
      return lacks('root') ?? (find('ctr') && find('containerd') ? undefined : 'containerd is not installed');
    case 'dockerd':
      return (
        lacks('root') ?? (dockerFolder() === undefined ? 'Docker with buildx is not installed' : undefined)
      );
    case 'runc':
      return workingRunc() === undefined ? 'no runc here that starts' : undefined;
    default:
      return find(need) === undefined ? `${need} is not installed` : undefined;
  }
}

/** Why no test at all can run here. */
export function lacksTools(): string | undefined {
  return existsSync(join(tools, 'make-image.mjs')) ? undefined : `there is no ${tools}/make-image.mjs`;
}

/** The folder that `peers.sh newest` filled, or another with the same things in it. */
export function dockerFolder(): string | undefined {
  const dockerd = find('dockerd');
  const candidates = [
    process.env['STOWAGE_PEERS'],
    resolve('.cache/peers'),
    // …/usr/sbin/dockerd
    dockerd && dirname(dirname(dirname(dockerd))),
  ];
  return candidates.find(
    (folder) =>
      folder !== undefined &&
      existsSync(join(folder, 'usr/sbin/dockerd')) &&
      existsSync(join(folder, 'usr/libexec/docker/cli-plugins/docker-buildx')),
  );
}

/** A runc that can run: the newest may want a newer C library than this machine has. */
export function workingRunc(): string | undefined {
  return findAll('runc').find((path) => {
    try {
      execFileSync(path, ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

function findAll(program: string): readonly string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).filter(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
