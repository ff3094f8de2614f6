/**
 * What may go where. Credentials, and headers of our own, belong to the origin (scheme, host, port) that they were
 * set for; every rule about which URL of a server's may be followed stands here and nowhere else.
 */
import { printable } from '../oci/index.ts';
import { RegistryError, type ErrorCode } from '../registry/index.ts';

/** Longer URLs are an attack, or a mistake. */
const LONGEST_URL = 16 * 1024;

/** Scheme, host and port of both are equal. */
export function sameOrigin(a: URL, b: URL): boolean {
  return a.origin === b.origin;
}

/**
 * Whether a host name is this machine by itself: `localhost`, 127.0.0.0/8, `::1`. Only these get plain HTTP
 * unasked; `127.0.0.1.example.com` and `printer.local` are not among them.
 * @param hostname without port, as `URL.hostname` gives it
 */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' || hostname === '[::1]' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(hostname)
  );
}

/**
 * An address that only makes sense inside somebody's network: loopback, private, link-local, unspecified, and
 * their IPv6 forms. A server on the outside that sends us there wants us to ask for it.
 * @param hostname as `URL.hostname` gives it: `0x7f000001` and `127.1` are `127.0.0.1` by then.
 */
export function isInternalAddress(hostname: string): boolean {
  // A name may end in the dot of the root: `localhost.`
  if (isLoopback(hostname) || /(?:^|\.)localhost\.?$/.test(hostname)) return true;
  if (hostname.startsWith('[')) {
    const address = hostname.slice(1, -1);
    // IPv4 inside: mapped, compatible, NAT64, 6to4.
    const inside =
      /^(?:::|::ffff:|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address) ??
      /^2002:([0-9a-f]{1,4}):([0-9a-f]{1,4}):/.exec(address);
    if (inside?.[1] !== undefined && inside[2] !== undefined) {
      const high = Number.parseInt(inside[1], 16);
      const low = Number.parseInt(inside[2], 16);
      return isInternalAddress([high >> 8, high & 255, low >> 8, low & 255].join('.'));
    }
    return address === '::' || /^f[cd]/.test(address) || /^fe[89ab]/.test(address);
  }
  const octets = /^(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}$/.exec(hostname);
  if (octets === null) return false;
  const [first, second] = [Number(octets[1]), Number(octets[2])];
  if (first === 0 || first === 10 || first === 127) return true;
  if (first === 100) return second >= 64 && second < 128;
  return (
    (first === 169 && second === 254) ||
    (first === 172 && second >= 16 && second < 32) ||
    (first === 192 && second === 168)
  );
}

/**
 * Reads a URL that a server sent, against the one it answered.
 * It must be HTTP, carry no user, not leave TLS, and, on another host, not point into a network
 * that the server itself is not in.
 * @param code what to fail with
 */
export function followable(text: string | undefined, from: URL, code: ErrorCode): URL {
  const refuse = (why: string): RegistryError =>
    new RegistryError(
      code,
      `${from.host} sent us to ${text === undefined ? 'nowhere' : `"${withoutSecrets(text, from)}"`}: ${why}`,
      {
        url: redactUrl(from),
      },
    );
  if (text === undefined || text === '') throw refuse('the address is missing');
  if (text.length > LONGEST_URL) throw refuse(`the address is longer than ${LONGEST_URL} characters`);
  if (!URL.canParse(text, from.href)) throw refuse('not a URL');
  const url = new URL(text, from);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('not HTTP');
  if (url.username !== '' || url.password !== '') throw refuse('it carries a user');
  if (from.protocol === 'https:' && url.protocol === 'http:') throw refuse('it leaves TLS');
  if (
    url.hostname !== from.hostname &&
    isInternalAddress(url.hostname) &&
    !isInternalAddress(from.hostname)
  ) {
    throw refuse('it points into an internal network');
  }
  url.hash = '';
  return url;
}

// What a server sends may be signed, or carry a password; only what is no URL at all is shown as it came.
function withoutSecrets(text: string, from: URL): string {
  const parsed = text.length <= LONGEST_URL && URL.canParse(text, from.href);
  const url = parsed ? new URL(text, from) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return printable(redactUrl(url), 200);
  // Of what is none, neither what may be a query nor what stands where a user would.
  const path = text.split(/[?#]/, 1)[0] ?? '';
  return printable(path.slice(path.lastIndexOf('@') + 1), 200);
}

/** A URL for messages and logs: no user, and query values, which may be signatures or upload state, left out. */
export function redactUrl(url: URL): string {
  if (url.search === '') return `${url.origin}${url.pathname}`;
  const names = [...new Set(url.searchParams.keys())];
  const query =
    names.length === 0 ? '' : `?${names.map((name) => `${encodeURIComponent(name)}=…`).join('&')}`;
  return `${url.origin}${url.pathname}${query}`;
}
