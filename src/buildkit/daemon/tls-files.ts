import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RegistryError } from '../../registry/index.ts';

/** Files in PEM, for a builder that is reached over the network. */
export interface TlsFiles {
  /** Who vouches for the builder; without it, those whom the system trusts. */
  readonly ca?: string;
  /** Who we are; both or none. */
  readonly cert?: string;
  readonly key?: string;
  /** The name in the builder's certificate, if it is not the host's. */
  readonly serverName?: string;
}

/** What the files are called: by Docker and buildctl, then by Kubernetes. */
const NAMES = {
  ca: ['ca.pem', 'ca.crt'],
  cert: ['cert.pem', 'tls.crt'],
  key: ['key.pem', 'tls.key'],
} as const;

/**
 * The certificates in a folder: `ca.pem`, `cert.pem` and `key.pem`, or `ca.crt`, `tls.crt` and `tls.key`. Those that are
 * not there are left out, and so is a certificate without its key.
 */
export function tlsFilesIn(folder: string): TlsFiles {
  const find = (names: readonly string[]): string | undefined =>
    names.map((name) => join(folder, name)).find((path) => existsSync(path));
  const [ca, cert, key] = [find(NAMES.ca), find(NAMES.cert), find(NAMES.key)];
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
  };
}

/** The same, where there must be some. @throws {RegistryError} `SETTINGS_INVALID`. */
export function tlsFolder(folder: string): TlsFiles {
  const files = tlsFilesIn(folder);
  if (files.ca !== undefined || files.cert !== undefined) return files;
  throw new RegistryError(
    'SETTINGS_INVALID',
    `there are no certificates in ${folder}: want ca.pem, and cert.pem with key.pem (or ca.crt, tls.crt, tls.key)`,
  );
}
