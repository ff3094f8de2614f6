import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket, TlsOptions } from 'node:tls';
import { onTestFinished } from 'vitest';

/** A PEM of the folder `certificates`, whose `make.sh` says how they were made. */
export function pem(name: string): string {
  return readFileSync(pemFile(name), 'utf8');
}

/** The path of one, for what reads files. */
export function pemFile(name: string): string {
  return new URL(`certificates/${name}`, import.meta.url).pathname;
}

/** A server by TLS on loopback for one test. */
export interface SecureServer {
  readonly url: URL;
  readonly port: number;
  /** The names of the client certificates that were shown with each request; undefined for none. */
  readonly clients: readonly (string | undefined)[];
}

/** What a server shows: a certificate of the folder. */
export interface SecureServerOptions extends TlsOptions {
  readonly certificate?: 'server' | 'misnamed' | 'expired';
}

export async function secureServer(
  listener: RequestListener = (_, response) => response.end('hello'),
  { certificate = 'server', ...options }: SecureServerOptions = {},
): Promise<SecureServer> {
  const clients: (string | undefined)[] = [];
  const server = createServer(
    { cert: pem(`${certificate}.pem`), key: pem(`${certificate}.key`), ...options },
    (request, response) => {
      // Without a certificate there is no subject, whatever the type says.
      const peer: { readonly subject?: { readonly CN?: string | string[] } } = (
        request.socket as TLSSocket
      ).getPeerCertificate();
      clients.push(peer.subject?.CN?.toString());
      listener(request, response);
    },
  );
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { url: new URL(`https://127.0.0.1:${port}/`), port, clients };
}

/** Asks for a certificate of the client, and takes only those that `ca` signed. */
export function wantsClientCertificate(): SecureServerOptions {
  return { requestCert: true, rejectUnauthorized: true, ca: pem('ca.pem') };
}
