import { BlockList, isIP } from 'node:net';
import { RegistryError } from '../registry/index.ts';
import { isLoopback } from './origin.ts';

/**
 * The proxy that a request goes through.
 * @returns undefined for none
 * @throws {RegistryError} `SETTINGS_INVALID`.
 */
export type ProxySource = (url: URL) => URL | undefined;

/** Variables of a process. */
export type Environment = Readonly<Partial<Record<string, string>>>;

/**
 * Proxies as the environment names them: `https_proxy` and `http_proxy` by the scheme of what is asked for, but not for
 * what `no_proxy` lists, nor for this machine itself. Each also counts in capitals, where the small ones are not set.
 *
 * `no_proxy` is a list of names (with those below them), of names with a dot before (those below them alone), of
 * addresses and of networks in the form of `10.0.0.0/8`, each but the last with a port where one port is meant;
 * or `*` for everything. These are the rules of Go's programs, which are the neighbours of this one.
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy#Config
 */
export function environmentProxies(environment: Environment = process.env): ProxySource {
  const lookUp = (name: string): string =>
    environment[name] || (isForged(name, environment) ? '' : environment[name.toUpperCase()] || '');
  const bypass = parseExceptions(lookUp('no_proxy'));
  return (url) => {
    const name = url.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
    const text = lookUp(name);
    if (text === '' || isLoopback(url.hostname)) return undefined;
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    return bypass(host, port) ? undefined : parseProxy(text, name);
  };
}

/** A web server hands the field `Proxy` of a request on to its programs under this name. @see https://httpoxy.org/ */
function isForged(name: string, environment: Environment): boolean {
  return name === 'http_proxy' && environment['REQUEST_METHOD'] !== undefined;
}

// The value may have a password in it: it is not shown.
function parseProxy(text: string, name: string): URL {
  const invalid = (why: string): RegistryError =>
    new RegistryError('SETTINGS_INVALID', `$${name} (or $${name.toUpperCase()}) ${why}`);
  const full = text.includes('://') ? text : `http://${text}`;
  if (!URL.canParse(full)) throw invalid('is not the URL of a proxy');
  const url = new URL(full);
  if (url.protocol === 'http:' || url.protocol === 'https:') return url;
  throw invalid(`names a ${url.protocol.slice(0, -1)} proxy; only HTTP proxies can be used`);
}

type Exception = (host: string, port: string) => boolean;

function parseExceptions(text: string): Exception {
  const entries = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '');
  if (entries.includes('*')) return () => true;
  const exceptions = entries.map(parseException);
  return (host, port) => exceptions.some((exception) => exception(host, port));
}

function parseException(entry: string): Exception {
  const [network, bits] = entry.split('/', 2);
  if (network !== undefined && bits !== undefined && isIP(network) !== 0) return inNetwork(network, bits);
  // An address of IPv6 without brackets has colons, and no port.
  const [, name = entry, only] = /^(\[[^\]]*\]|[^:]+)(?::(\d+))?$/.exec(entry) ?? [];
  const bare = name.replace(/^\[(.*)\]$/, '$1');
  const named = isIP(bare) === 0 ? withinDomain(bare) : inNetwork(bare, isIP(bare) === 6 ? '128' : '32');
  return (host, port) => (only === undefined || only === port) && named(host, port);
}

function inNetwork(network: string, bits: string): Exception {
  const list = new BlockList();
  const family = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');
  const prefix = Number(bits);
  // What is no number of bits is no network, and nothing is in it.
  if (!/^\d{1,3}$/.test(bits) || prefix > (isIP(network) === 6 ? 128 : 32)) return () => false;
  list.addSubnet(network, prefix, family(network));
  return (host) => isIP(host) !== 0 && list.check(host, family(host));
}

function withinDomain(name: string): Exception {
  const domain = name.replace(/^\*(?=\.)/, '');
  if (domain.startsWith('.')) return (host) => host.endsWith(domain);
  return (host) => host === domain || host.endsWith(`.${domain}`);
}
