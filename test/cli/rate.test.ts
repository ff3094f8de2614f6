import { describe, expect, onTestFinished, test } from 'vitest';
import { parseBurst, parseRate } from '../../src/cli/rate.ts';
import { createHandler, listen } from '../../src/server/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { multi } from '../image/graph.ts';
import { stowage } from './stowage.ts';

test.each([
  ['6000', { requests: 6000, seconds: 60 }],
  ['6000/1m', { requests: 6000, seconds: 60 }],
  ['100/s', { requests: 100, seconds: 1 }],
  ['200/6h', { requests: 200, seconds: 21_600 }],
  ['1/500ms', { requests: 1, seconds: 0.5 }],
])('--rate %s', (text, rate) => {
  expect(parseRate(text)).toEqual(rate);
});

test.each(['', '0', '-1', '1.5', '100/', '100/0s', '100/x', '/s', '1/1/s'])('--rate %j is none', (text) => {
  expect(() => parseRate(text)).toThrow(SyntaxError);
});

test.each(['', '0', '-1', '1.5', 'many'])('--burst %j is none', (text) => {
  expect(() => parseBurst(text)).toThrow(SyntaxError);
  expect(parseBurst('300')).toBe(300);
});

describe('flags that do not go together', () => {
  test.each([
    [['--burst', '3'], '--burst needs --rate'],
    [['--redis', 'redis://:canary@localhost'], '--redis needs --run: the name of what is done together'],
    [['--run', 'x'], '--run needs --redis: where what is done together is kept'],
  ])('%j', async (flags, words) => {
    const ran = await stowage(['lookup', ...flags, 'localhost:1/r:1']);
    expect(ran).toEqual({ stdout: '', stderr: `stowage: ${words}\n`, code: 2 });
  });

  test('a name of a run that is none', async () => {
    const { code, stderr } = await stowage(['lookup', '--redis', 'redis://x', '--run', 'a b', 'r']);
    expect(code).toBe(2);
    expect(stderr).toContain('not a name: a b');
  });

  test.each(['http://:canary@localhost:1', 'localhost', 'redis://', 'redis:canary'])(
    '--redis %s is no Redis, and not shown, as it may have a password',
    async (url) => {
      const { code, stderr } = await stowage(['lookup', '--redis', url, '--run', 'x', 'r']);
      expect(code).toBe(2);
      expect(stderr).toContain('not the URL of a Redis');
      expect(stderr).not.toContain('canary');
    },
  );

  test('a Redis that is not there is said at once, without its password', async () => {
    const started = performance.now();
    const url = 'redis://user:canary@127.0.0.1:1';
    const { code, stderr } = await stowage(['lookup', '--redis', url, '--run', 'x', 'r']);
    expect(stderr).toBe('stowage: Redis at 127.0.0.1:1: ECONNREFUSED [UNAVAILABLE]\n');
    expect(code).toBe(1);
    expect(performance.now() - started).toBeLessThan(4000);
  });
});

test('a registry gets no more than --rate and --burst allow', async () => {
  const registry = memoryRegistry();
  const tags = ['1', '2', '3', '4', '5'];
  await multi.push(registry, 'r', { tags: Object.fromEntries(tags.map((tag) => [tag, 'index'])) });
  const server = await listen(createHandler(registry));
  onTestFinished(() => server.close());
  const references = tags.map((tag) => `${new URL(server.url).host}/r:${tag}`);
  const started = performance.now();
  const flags = ['--digest', '--no-cache', '--trace', '--rate', '20/s', '--burst', '1'];
  const { code, stderr } = await stowage(['lookup', ...flags, ...references]);
  expect(code).toBe(0);
  expect(stderr).toContain('(our own rate)');
  // Five, of which the first goes at once.
  expect(performance.now() - started).toBeGreaterThan(195);
});
