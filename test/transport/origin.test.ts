import { describe, expect, test } from 'vitest';
import { isRegistryError } from '../../src/registry/index.ts';
import {
  followable,
  isInternalAddress,
  isLoopback,
  redactUrl,
  sameOrigin,
} from '../../src/transport/index.ts';

/** The host as `URL` writes it. */
const host = (name: string): string => new URL(`http://${name}/`).hostname;

describe('[A8] isLoopback: who gets plain HTTP unasked', () => {
  test.each([
    ['localhost', true],
    ['LOCALHOST', true],
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['127.1', true],
    ['0x7f000001', true],
    ['2130706433', true],
    ['[::1]', true],
    ['[0:0:0:0:0:0:0:1]', true],
    ['127.0.0.1.evil.example', false],
    ['localhost.evil.example', false],
    ['evil-localhost', false],
    ['registry.localhost', false],
    ['printer.local', false],
    ['0.0.0.0', false],
    ['128.0.0.1', false],
    ['10.0.0.1', false],
    ['[::]', false],
    ['[::ffff:127.0.0.1]', false],
  ])('%s: %s', (name, loopback) => {
    expect(isLoopback(host(name))).toBe(loopback);
  });
});

describe('[A7] isInternalAddress: where a server outside must not send us', () => {
  test.each([
    ['localhost', true],
    ['localhost.', true],
    ['x.localhost', true],
    ['x.localhost.', true],
    ['127.0.0.1', true],
    ['127.0.0.1.', true],
    ['127.1', true],
    ['0x7f000001', true],
    ['0177.0.0.1', true],
    ['0.0.0.0', true],
    ['10.1.2.3', true],
    ['172.15.0.1', false],
    ['172.16.0.1', true],
    ['172.31.255.255', true],
    ['172.32.0.1', false],
    ['192.168.0.1', true],
    ['192.169.0.1', false],
    ['169.254.169.254', true],
    ['100.63.255.255', false],
    ['100.64.0.1', true],
    ['100.127.0.1', true],
    ['100.128.0.1', false],
    ['8.8.8.8', false],
    ['[::]', true],
    ['[::1]', true],
    ['[::ffff:127.0.0.1]', true],
    ['[::ffff:a9fe:a9fe]', true],
    ['[::ffff:10.0.0.1]', true],
    ['[::ffff:8.8.8.8]', false],
    ['[::127.0.0.1]', true],
    ['[64:ff9b::a9fe:a9fe]', true],
    ['[2002:7f00:1::]', true],
    ['[2002:808:808::]', false],
    ['[fe80::1]', true],
    ['[febf::1]', true],
    ['[fc00::1]', true],
    ['[fd12:3456::1]', true],
    ['[2001:db8::1]', false],
    ['registry.example', false],
    ['10.0.0.1.example', false],
    ['localhost.example', false],
  ])('%s: %s', (name, internal) => {
    expect(isInternalAddress(host(name))).toBe(internal);
  });
});

const from = new URL('https://registry.test/v2/r/blobs/uploads/?x=1');

describe('followable', () => {
  test.each([
    ['/v2/r/blobs/uploads/1?state=a%2Bb', 'https://registry.test/v2/r/blobs/uploads/1?state=a%2Bb'],
    ['1', 'https://registry.test/v2/r/blobs/uploads/1'],
    ['?page=2', 'https://registry.test/v2/r/blobs/uploads/?page=2'],
    ['https://cdn.test/x?sig=a/b#part', 'https://cdn.test/x?sig=a/b'],
    ['//cdn.test/x', 'https://cdn.test/x'],
    ['https://registry.test:8443/x', 'https://registry.test:8443/x'],
  ])('%s leads to %s', (text, url) => {
    expect(followable(text, from, 'LOCATION_INVALID').href).toBe(url);
  });

  test.each([
    [undefined, 'missing'],
    ['', 'missing'],
    ['https://[', 'not a URL'],
    ['file:///etc/passwd', 'not HTTP'],
    ['data:text/plain,x', 'not HTTP'],
    ['javascript:alert(1)', 'not HTTP'],
    ['https://user:canary@cdn.test/', 'it carries a user'],
    ['https://user@registry.test/', 'it carries a user'],
    ['http://registry.test/x', 'it leaves TLS'],
    ['http://cdn.test/x?sig=canary', 'it leaves TLS'],
    ['https://127.0.0.1/x', 'internal network'],
    ['https://localhost./x', 'internal network'],
    ['https://[::ffff:169.254.169.254]/latest/meta-data', 'internal network'],
    ['https://10.0.0.1:5000/x?sig=canary', 'internal network'],
    [`/${'x'.repeat(20_000)}`, 'longer than'],
  ])('%s is refused: %s', (text, why) => {
    const error = thrown(() => followable(text, from, 'LOCATION_INVALID'));
    expect(isRegistryError(error) && error.code).toBe('LOCATION_INVALID');
    expect((error as Error).message).toContain(why);
    // Neither passwords nor signatures are for messages.
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('canary');
  });

  test('inside a network, that network may be led to', () => {
    const inside = new URL('http://127.0.0.1:5000/');
    for (const to of ['http://127.0.0.1:6000/x', 'http://10.0.0.1/x', 'https://registry.test/x'])
      expect(followable(to, inside, 'LOCATION_INVALID').href).toBe(to);
  });
});

test('[A2] sameOrigin: scheme, host and port', () => {
  const url = (text: string): URL => new URL(text);
  expect(sameOrigin(url('https://r.test/a'), url('https://r.test:443/b'))).toBe(true);
  expect(sameOrigin(url('https://r.test/'), url('http://r.test/'))).toBe(false);
  expect(sameOrigin(url('https://r.test/'), url('https://r.test:8443/'))).toBe(false);
  expect(sameOrigin(url('https://r.test/'), url('https://r.test.evil/'))).toBe(false);
});

test.each([
  ['https://r.test/v2/?digest=canary', 'https://r.test/v2/?digest=…'],
  ['https://user:canary@r.test/x', 'https://r.test/x'],
  ['https://r.test/x?a=canary&b=canary&a=canary', 'https://r.test/x?a=…&b=…'],
  ['https://r.test/x#canary', 'https://r.test/x'],
  ['https://r.test/x', 'https://r.test/x'],
])('redactUrl: %s', (url, shown) => {
  expect(redactUrl(new URL(url))).toBe(shown);
});

function thrown(act: () => unknown): unknown {
  try {
    return expect.unreachable(`wanted a failure, got ${String(act())}`);
  } catch (error) {
    return error;
  }
}
