import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DOCKER_HUB, isDockerHub } from '../oci/index.ts';
import { RegistryError } from '../registry/index.ts';
import type { Environment, TlsSettings } from '../transport/index.ts';
import { readBytes } from './read-file.ts';

/** Where certificates for registries are kept, those of the user first: podman's folders, then Docker's. */
export function certificateFolders(environment: Environment): readonly string[] {
  const config = environment['XDG_CONFIG_HOME'] || join(environment['HOME'] || homedir(), '.config');
  return [
    join(config, 'containers', 'certs.d'),
    join('/etc', 'containers', 'certs.d'),
    join('/etc', 'docker', 'certs.d'),
  ];
}

/**
 * What the first of the folders that knows a host has for it: each `*.crt` is a CA; `NAME.cert` with `NAME.key` shows
 * who we are, the first by name where there are several.
 * @param host as in URLs
 * @throws {RegistryError} `SETTINGS_INVALID` for a certificate without its key, or a key without its certificate.
 * @see https://docs.docker.com/engine/security/certificates/
 * @see https://github.com/containers/image/blob/main/docs/containers-certs.d.5.md
 */
export async function readCertificateFolder(
  folders: readonly string[],
  host: string,
): Promise<Pick<TlsSettings, 'ca' | 'clientCertificate'>> {
  for (const folder of folders) {
    for (const name of namesOf(host)) {
      const path = join(folder, name);
      const files = await filesIn(path);
      if (files !== undefined) return readFiles(path, files);
    }
  }
  return {};
}

/** The port of https may be there or not, and Docker Hub has the name that references know it by. */
function namesOf(host: string): readonly string[] {
  // A token server may call itself `..`, and must not lead us out of the folder.
  if (!/[A-Za-z0-9]/.test(host) || /[/\\]/.test(host)) return [];
  const names = [
    host,
    ...(isDockerHub(host) ? [DOCKER_HUB] : []),
    ...(/:\d+$/.test(host) ? [] : [`${host}:443`]),
  ];
  // Windows has no colons in names.
  return process.platform === 'win32' ? names.map((name) => name.replaceAll(':', '')) : names;
}

/** @returns undefined if there is no such folder, or none that we may look into. */
async function filesIn(path: string): Promise<readonly string[] | undefined> {
  try {
    return (await readdir(path)).sort();
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'].includes(code)) return undefined;
    throw new RegistryError('SETTINGS_INVALID', `${path} cannot be read (${code})`, { cause: error });
  }
}

async function readFiles(
  folder: string,
  files: readonly string[],
): Promise<Pick<TlsSettings, 'ca' | 'clientCertificate'>> {
  const read = async (name: string): Promise<string> =>
    Buffer.from(await readBytes(join(folder, name), folder)).toString();
  const stems = (end: string): readonly string[] =>
    files.filter((name) => name.endsWith(end)).map((name) => name.slice(0, -end.length));
  const [certificates, keys] = [stems('.cert'), stems('.key')];
  for (const name of certificates) {
    if (keys.includes(name)) continue;
    const advice = `; if ${name}.cert is that of a CA, its name has to end in .crt`;
    throw missing(folder, `${name}.key`, `${name}.cert`, advice);
  }
  for (const name of keys)
    if (!certificates.includes(name)) throw missing(folder, `${name}.cert`, `${name}.key`, '');
  const ca = await Promise.all(stems('.crt').map((name) => read(`${name}.crt`)));
  const [own] = certificates;
  return {
    ...(ca.length > 0 && { ca }),
    ...(own !== undefined && {
      clientCertificate: { certificate: await read(`${own}.cert`), key: await read(`${own}.key`) },
    }),
  };
}

function missing(folder: string, name: string, beside: string, advice: string): RegistryError {
  return new RegistryError('SETTINGS_INVALID', `${folder} has ${beside}, and no ${name} to it${advice}`);
}
