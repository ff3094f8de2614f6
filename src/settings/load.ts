import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Environment } from '../transport/index.ts';
import { certificateFolders as defaultFolders } from './certificate-folder.ts';
import { parseSettings } from './parse.ts';
import { readBytes, readIfThere } from './read-file.ts';
import { createSettings, type Settings } from './settings.ts';

/** Where settings are looked for. */
export interface LoadSettingsOptions {
  /** The file, which has to be there. */
  readonly file?: string;
  /** The process's own unless told. */
  readonly environment?: Environment;
  /** Folders with a folder of certificates for each host; those of podman and Docker, unless told. */
  readonly certificateFolders?: readonly string[];
}

/**
 * Reads the settings of registries: from the file that is given, else from `$STOWAGE_REGISTRIES`, else from
 * `$XDG_CONFIG_HOME/stowage/registries.json` (`~/.config/stowage/registries.json`), if there is one. What it leaves open
 * the environment says (`$DOCKERHUB_PUBLIC_PROXY`), then folders of certificates, as `/etc/docker/certs.d/HOST`, which are
 * looked into for each host that is connected to; then its `defaults`.
 * @throws {RegistryError} `SETTINGS_INVALID`, with the file, and the place in it as a JSON pointer.
 */
export async function loadSettings(options: LoadSettingsOptions = {}): Promise<Settings> {
  const { environment = process.env } = options;
  const { certificateFolders = defaultFolders(environment) } = options;
  const asked = options.file ?? environment['STOWAGE_REGISTRIES'];
  const file = asked ? resolve(asked) : standardFile(environment);
  const bytes = asked
    ? await readBytes(file, options.file === undefined ? '$STOWAGE_REGISTRIES' : 'the settings')
    : await readIfThere(file, 'the settings');
  return createSettings({
    document: bytes === undefined ? {} : await parseSettings(bytes, file),
    file,
    environment,
    certificateFolders,
  });
}

function standardFile(environment: Environment): string {
  const config = environment['XDG_CONFIG_HOME'] || join(environment['HOME'] || homedir(), '.config');
  return join(config, 'stowage', 'registries.json');
}
