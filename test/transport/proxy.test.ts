import { describe, expect, test } from 'vitest';
import { environmentProxies } from '../../src/transport/index.ts';

const PROXY = 'http://proxy.test:3128';

/** Which proxy a URL goes through, if any. */
function proxyOf(url: string, environment: Readonly<Record<string, string>>): string | undefined {
  return environmentProxies(environment)(new URL(url))?.href.replace(/\/$/, '');
}

describe('which variable', () => {
  test.each([
    ['https://r.test', { HTTPS_PROXY: PROXY }, PROXY],
    [
      'https://r.test',
      { HTTPS_PROXY: 'http://loud.test', https_proxy: 'http://small.test' },
      'http://small.test',
    ],
    ['https://r.test', { HTTPS_PROXY: PROXY, https_proxy: '' }, PROXY],
    ['http://r.test', { HTTP_PROXY: PROXY }, PROXY],
    ['http://r.test', { HTTPS_PROXY: PROXY }, undefined],
    ['https://r.test', { HTTP_PROXY: PROXY }, undefined],
    ['https://r.test', {}, undefined],
    ['https://r.test', { HTTPS_PROXY: 'proxy.test:3128' }, PROXY],
    ['https://r.test', { HTTPS_PROXY: 'https://proxy.test' }, 'https://proxy.test'],
  ])('%s with %j: %s', (url, environment, proxy) => {
    expect(proxyOf(url, environment)).toBe(proxy);
  });

  test('$HTTP_PROXY in a CGI program is a field of the request, and says nothing', () => {
    expect(proxyOf('http://r.test', { HTTP_PROXY: PROXY, REQUEST_METHOD: 'GET' })).toBe(undefined);
    expect(proxyOf('http://r.test', { http_proxy: PROXY, REQUEST_METHOD: 'GET' })).toBe(PROXY);
    expect(proxyOf('https://r.test', { HTTPS_PROXY: PROXY, REQUEST_METHOD: 'GET' })).toBe(PROXY);
  });

  test.each([
    ['socks5://user:canary@proxy.test', 'names a socks5 proxy; only HTTP proxies can be used'],
    ['http://user:canary@:99999999', 'is not the URL of a proxy'],
  ])('%s is refused, and its password not shown', (value, words) => {
    const act = (): unknown => proxyOf('https://r.test', { HTTPS_PROXY: value });
    expect(act).toThrow(`$https_proxy (or $HTTPS_PROXY) ${words}`);
    expect(act).not.toThrow('canary');
  });
});

test.each(['localhost', '127.0.0.1', '127.8.9.1', '[::1]'])('%s is never behind a proxy', (host) => {
  expect(proxyOf(`http://${host}:5000`, { HTTP_PROXY: PROXY })).toBe(undefined);
});

describe('what $NO_PROXY leaves out', () => {
  test.each([
    // Each name with those below it; with a dot before it, those alone.
    ['r.test', 'https://r.test', true],
    ['r.test', 'https://a.b.r.test', true],
    ['r.test', 'https://bar.test', false],
    ['r.test', 'https://other-r.test', false],
    ['R.Test', 'https://r.test', true],
    ['.r.test', 'https://a.r.test', true],
    ['.r.test', 'https://r.test', false],
    ['*.r.test', 'https://a.r.test', true],
    ['*.r.test', 'https://r.test', false],
    ['a.test, r.test', 'https://r.test', true],
    ['a.test r.test', 'https://r.test', true],
    // Ports, also those that a URL does not say.
    ['r.test:443', 'https://r.test', true],
    ['r.test:443', 'https://r.test:5000', false],
    ['r.test:5000', 'https://r.test:5000', true],
    ['.r.test:5000', 'https://a.r.test:5000', true],
    // Everything.
    ['*', 'https://r.test', true],
    ['a.test,*', 'https://r.test', true],
    // Addresses and networks.
    ['10.1.2.3', 'https://10.1.2.3', true],
    ['10.1.2.3', 'https://10.1.2.30', false],
    ['10.1.2.3:5000', 'https://10.1.2.3:5000', true],
    ['10.1.2.3:5000', 'https://10.1.2.3', false],
    ['10.0.0.0/8', 'https://10.9.8.7:5000', true],
    ['10.0.0.0/8', 'https://11.0.0.1', false],
    ['10.0.0.0/8', 'https://a.10.0.0.test', false],
    ['fd00::/8', 'https://[fd12::1]', true],
    ['fd00::/8', 'https://[fe80::1]', false],
    ['fd12::1', 'https://[fd12:0::1]', true],
    ['[fd12::1]:5000', 'https://[fd12::1]:5000', true],
    ['[fd12::1]:5000', 'https://[fd12::1]', false],
    // What is none of these leaves nothing out.
    ['10.0.0.0/99', 'https://10.0.0.0', false],
    ['10.0.0.0/x', 'https://10.0.0.0', false],
    ['', 'https://r.test', false],
  ])('%j and %s: %j', (exceptions, url, left) => {
    const environment = { HTTPS_PROXY: PROXY, NO_PROXY: exceptions };
    expect(proxyOf(url, environment) === undefined).toBe(left);
  });
});
