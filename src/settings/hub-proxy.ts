import { RegistryError } from '../registry/index.ts';
import type { Environment } from '../transport/index.ts';
import type { MirrorEntry } from './file.ts';

const NAME = 'DOCKERHUB_PUBLIC_PROXY';

/**
 * The mirror of Docker Hub that the environment names, as the tools of Docker's official images have it: it knows all
 * public images, so that what it does not have is not there, and Docker Hub itself is not asked for it.
 * @throws {RegistryError} `SETTINGS_INVALID`; the message does not have the value, which may have a password in it.
 * @see https://github.com/docker-library/meta-scripts
 */
export function hubProxy(environment: Environment): readonly MirrorEntry[] {
  const text = environment[NAME];
  if (!text) return [];
  const full = text.includes('://') ? text : `https://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  const plain = url !== undefined && url.username === '' && url.password === '' && url.search === '';
  if (!plain || !/^https?:$/.test(url.protocol)) {
    throw new RegistryError(
      'SETTINGS_INVALID',
      `$${NAME} is not the URL of a registry by https or http, without user and query`,
    );
  }
  return [{ url: url.href, fallback: 'never' }];
}
