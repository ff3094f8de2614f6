import { printable } from '../oci/index.ts';
import { unavailable } from './failure.ts';
import type { TransportRequest } from './transport.ts';

/**
 * An error of the connection in our terms, with what to do about it. What the caller's own signal threw passes as it is.
 * @param proxy that the connection goes through, if it does
 */
export function connectionError(error: unknown, request: TransportRequest, proxy: URL | undefined): unknown {
  if (request.signal?.aborted) return request.signal.reason;
  if (!(error instanceof Error)) return error;
  // What is no HTTP has no code.
  const code =
    error.name === 'HTTPParserError'
      ? 'HPE'
      : 'code' in error && typeof error.code === 'string'
        ? error.code
        : '';
  if (!/^(?:UND_ERR|E[A-Z]+|ERR_(?:TLS|SSL)|CERT|DEPTH|SELF_SIGNED|UNABLE|HPE)/.test(code)) return error;
  const { url } = request;
  const why =
    (proxy === undefined ? undefined : proxyAdvice(code, error.message, proxy)) ??
    tlsAdvice(code, error, url) ??
    advice(code, error.message, url);
  return unavailable(request, why, error);
}

/** Errors of the way to the proxy, and of its answer: with one, only it is connected to. */
function proxyAdvice(code: string, message: string, proxy: URL): string | undefined {
  // Words of undici's ProxyAgent, which has no other way to tell.
  const status = /^Proxy response \((\d{3})\)/.exec(message)?.[1];
  if (status !== undefined) return refusedByProxy(Number(status), proxy);
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing listens on ${proxy.host}, the proxy`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `no address is known for ${proxy.hostname}, the proxy`;
    case 'UND_ERR_CONNECT_TIMEOUT':
      return `no answer in time through the proxy ${proxy.host}`;
    default:
      return undefined;
  }
}

/** What a proxy means by a status that is not the registry's. */
function refusedByProxy(status: number, proxy: URL): string {
  if (status !== 407) return `the proxy ${proxy.host} refused, with ${status}`;
  return proxy.username === ''
    ? `the proxy ${proxy.host} wants a login: put it into the proxy's URL, as http://USER:PASSWORD@${proxy.host}`
    : `the proxy ${proxy.host} does not take the login of its URL`;
}

function tlsAdvice(code: string, error: Error, { host, hostname }: URL): string | undefined {
  // OpenSSL names alerts after the version of TLS that had them first, and not in each release after the same one.
  switch (code.replace(/^ERR_SSL_.*_ALERT_/, 'ALERT_')) {
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `the certificate of ${host} is signed by nobody who is trusted here; to trust its CA, put it into /etc/docker/certs.d/${host}/ca.crt, or name it as "ca" in the registry settings`;
    case 'CERT_HAS_EXPIRED':
      return `the certificate of ${host} has expired; its owner has to renew it, unless the clock of this machine is wrong`;
    case 'CERT_NOT_YET_VALID':
      return `the certificate of ${host} is not valid yet; see whether the clock of this machine is right`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate of ${host} is not for ${hostname}, but for ${certifiedNames(error)}`;
    case 'ALERT_BAD_CERTIFICATE':
    case 'ALERT_CERTIFICATE_REQUIRED':
    case 'ALERT_HANDSHAKE_FAILURE':
    case 'ALERT_UNKNOWN_CA':
      return `${host} breaks off the handshake, as servers do that want a client certificate, or another one; put it into /etc/docker/certs.d/${host}/ as client.cert and client.key, or name it as "clientCertificate" in the registry settings`;
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ALERT_PROTOCOL_VERSION':
      return `${host} speaks no TLS from 1.2 on`;
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return `${host} does not speak TLS; if it is meant to be plain HTTP, allow it with --plain-http ${host}`;
    default:
      return undefined;
  }
}

/** The names in a certificate that is for others, which Node hangs on its error. */
function certifiedNames(error: Error): string {
  const { cert } = error as { readonly cert?: { readonly subjectaltname?: string } };
  return printable(cert?.subjectaltname || 'none', 300);
}

function advice(code: string, message: string, url: URL): string {
  switch (code) {
    case 'ECONNREFUSED':
      return `nothing listens on ${url.host}`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `no address is known for ${url.hostname}`;
    case 'UND_ERR_CONNECT_TIMEOUT':
      return `${url.host} did not answer in time`;
    case 'UND_ERR_SOCKET':
    case 'ECONNRESET':
    case 'EPIPE':
      return `the connection broke (${printable(message, 200)})`;
    default:
      return `${printable(message, 200)} (${code})`;
  }
}
