import { readdir, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import * as tls from 'node:tls';
import { printable } from '../oci/index.ts';
import { RegistryError } from '../registry/index.ts';
import type { Environment } from './proxy.ts';

/** How connections to one origin are secured. */
export interface TlsSettings {
  /** Certificate authorities to trust beside those that are trusted anyway. As PEM; each text may have several. */
  readonly ca?: readonly string[];
  /** Who we are, where a server wants to know it by TLS. As PEM. */
  readonly clientCertificate?: { readonly certificate: string; readonly key: string };
  /** Believe any certificate: whoever sits between reads and changes everything. */
  readonly insecure?: boolean;
}

/**
 * What is set for an origin (scheme, host and port). Asked once for each, when it is first connected to, and applied
 * to that one alone: a client certificate is shown to nobody else.
 */
export type TlsSource = (origin: string) => TlsSettings | undefined | Promise<TlsSettings | undefined>;

/** What `tls.connect` is given. */
export interface TlsConnect {
  readonly minVersion?: tls.SecureVersion;
  readonly secureContext?: tls.SecureContext;
  readonly rejectUnauthorized?: boolean;
}

/** RFC 8996 took 1.0 and 1.1 away; Node can still be told to speak them. */
const OLDEST = 'TLSv1.2';

/**
 * Makes of the settings what a connection needs. The roots are Node's own with what `$NODE_EXTRA_CA_CERTS` adds;
 * `$SSL_CERT_FILE` stands in the place of the former, and `$SSL_CERT_DIR` adds to them, as in Go's programs.
 * @param origin for messages
 * @throws {RegistryError} `SETTINGS_INVALID` when a file cannot be read, or is no certificate or key.
 * @see https://pkg.go.dev/crypto/x509#SystemCertPool
 */
export async function tlsConnect(
  origin: string,
  { ca = [], clientCertificate, insecure = false }: TlsSettings = {},
  environment: Environment = process.env,
): Promise<TlsConnect> {
  const trust = insecure ? { rejectUnauthorized: false } : {};
  const own = await rootsOf(environment);
  if (own === undefined && ca.length === 0 && clientCertificate === undefined)
    return { minVersion: OLDEST, ...trust };
  const roots = own ?? (ca.length === 0 ? undefined : await defaultRoots(environment));
  for (const text of ca) checkPem(text, `the CA for ${origin}`);
  try {
    // Made once: with the roots in a list, each connection would take them all apart again.
    const secureContext = tls.createSecureContext({
      minVersion: OLDEST,
      // Where there is a list, it is all that Node trusts.
      ...(roots !== undefined && { ca: [...roots, ...ca] }),
      ...(clientCertificate !== undefined && {
        cert: clientCertificate.certificate,
        key: clientCertificate.key,
      }),
    });
    return { secureContext, ...trust };
  } catch (error) {
    throw new RegistryError(
      'SETTINGS_INVALID',
      `the certificates for ${origin} cannot be used: ${printable((error as Error).message, 200)}`,
      { cause: error },
    );
  }
}

/** The roots that the environment names; undefined where it leaves them to Node. */
async function rootsOf(environment: Environment): Promise<readonly string[] | undefined> {
  const { SSL_CERT_FILE: file, SSL_CERT_DIR: folders } = environment;
  if (!file && !folders) return undefined;
  const first = file
    ? [await readPem(file, '$SSL_CERT_FILE'), ...(await extraRoots(environment))]
    : await defaultRoots(environment);
  return [...first, ...(await rootsInFolders(folders ?? ''))];
}

/** What Node trusts where nobody says a word. */
async function defaultRoots(environment: Environment): Promise<readonly string[]> {
  // From Node 22.15 on, with those of the system where Node was told to take them.
  const { getCACertificates } = tls as { readonly getCACertificates?: (type: 'default') => string[] };
  return [...(getCACertificates?.('default') ?? tls.rootCertificates), ...(await extraRoots(environment))];
}

/** As Node does, which warns at its start, a file that cannot be read is passed over. */
async function extraRoots({ NODE_EXTRA_CA_CERTS: file }: Environment): Promise<readonly string[]> {
  if (!file) return [];
  const text = await readFile(file, 'utf8').catch(() => '');
  return isPem(text) ? [text] : [];
}

/** All certificates in folders, which may have other things in them, and the same ones twice (under names of their hashes). */
async function rootsInFolders(folders: string): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const folder of folders.split(delimiter).filter((path) => path !== '')) {
    for (const name of await readdir(folder).catch(() => [])) {
      const text = await readFile(join(folder, name), 'utf8').catch(() => '');
      if (isPem(text)) found.add(text);
    }
  }
  return [...found];
}

async function readPem(path: string, what: string): Promise<string> {
  let text;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new RegistryError('SETTINGS_INVALID', `${what}: ${path} cannot be read (${code})`, {
      cause: error,
    });
  }
  checkPem(text, `${what}: ${path}`);
  return text;
}

// Node takes a text without certificates for an empty list, and then the connection fails with another reason.
function checkPem(text: string, what: string): void {
  if (!isPem(text)) throw new RegistryError('SETTINGS_INVALID', `${what} has no certificate in PEM form`);
}

function isPem(text: string): boolean {
  return /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/.test(text);
}
