import { describe, expect, it, test } from 'vitest';
import { completeJobs, dispatchOf, queueOf, readJobs, type JobsRecord } from '../../src/builds/index.ts';
import { formatJson, parseOrdered } from '../../src/json/index.ts';
import { listed, listedBuild, plain, type BuildFixture } from './listed.ts';

const HOUR = 60 * 60;
const jobs = (record: object): JobsRecord => readJobs(parseOrdered(JSON.stringify(record)));
const needed = (id: string, more: Partial<BuildFixture> = {}): BuildFixture => ({
  id,
  images: null,
  ...more,
});

test('what is not there, of one architecture', async () => {
  const builds = listed(needed('a'), { id: 'built' }, needed('b', { arch: 'arm64v8' }), needed('c'));
  const { queue, record, skipped } = await queueOf(builds, { arch: 'amd64', now: 0 });
  expect(queue.map((build) => build.get('identifier'))).toEqual(['a:1', 'c:1']);
  expect(skipped).toBe(0);
  expect(formatJson(record, { compact: true })).toBe(
    '{"a":{"count":1,"skip":false,"identifier":"a:1"},"c":{"count":1,"skip":false,"identifier":"c:1"}}',
  );
});

test('builds are queued as they stand, with what people call them by', async () => {
  const { queue } = await queueOf(listed(needed('a')), { arch: 'amd64', now: 0 });
  const { document } = await listedBuild(needed('a'));
  expect(formatJson(queue[0] ?? null)).toBe(formatJson(new Map([...document, ['identifier', 'a:1']])));
});

test('those that failed most often come last, and others stay in their order', async () => {
  const past = jobs({
    a: { count: 3, lastTime: -5 * HOUR },
    b: { count: 1 },
    c: { count: 2, lastTime: -9 * HOUR },
  });
  const builds = listed(needed('a'), needed('b'), needed('c'), needed('d'), needed('e'));
  const { queue } = await queueOf(builds, { arch: 'amd64', now: 0, past });
  expect(queue.map((build) => build.get('buildId'))).toEqual(['d', 'e', 'b', 'c', 'a']);
});

describe('a build that fails again and again', () => {
  it.each([
    [0, 0],
    [1, 0],
    [2, 1],
    [3, 2],
    [4, 4],
    [5, 8],
    [6, 16],
    [7, 32],
    [8, 32],
    [100, 32],
  ])('and was tried %d times rests %d hours', async (count, hours) => {
    const queued = async (lastTime: number): Promise<object> => {
      const past = jobs({ a: { count, lastTime, url: 'https://ci/1' } });
      const { queue, record, skipped } = await queueOf(listed(needed('a')), {
        arch: 'amd64',
        now: 1000.5,
        past,
      });
      return { queued: queue.length, skipped, record: plain(record) };
    };
    const job = { lastTime: 1000.5 - hours * HOUR, url: 'https://ci/1', identifier: 'a:1' };
    expect(await queued(job.lastTime)).toEqual({
      queued: 1,
      skipped: 0,
      record: { a: { ...job, count: count + 1, skip: false } },
    });
    if (hours === 0) return;
    const later = job.lastTime + 1;
    expect(await queued(later)).toEqual({
      queued: 0,
      skipped: 1,
      record: { a: { ...job, lastTime: later, count, skip: true } },
    });
  });

  test('rests as well if nobody knows when it was tried', async () => {
    const past = jobs({ a: { count: 2, lastTime: null } });
    expect((await queueOf(listed(needed('a')), { arch: 'amd64', now: 0, past })).skipped).toBe(1);
  });
});

test('what was built meanwhile is not in the record any more', async () => {
  const past = jobs({ a: { count: 7, lastTime: 0 } });
  const { record } = await queueOf(listed({ id: 'a' }, needed('b')), { arch: 'amd64', now: 0, past });
  expect([...record.keys()]).toEqual(['b']);
});

describe('Windows', () => {
  const windows = (version: string | undefined): BuildFixture =>
    needed('w', {
      arch: 'windows-amd64',
      resolvedParents: {
        scratch: {},
        linux: { manifests: [{ platform: { os: 'linux' } }, {}] },
        windows: {
          manifests: [
            { platform: { os: 'windows', ...(version !== undefined && { 'os.version': version }) } },
          ],
        },
      },
    });

  it.each([
    ['10.0.26100.32230', '2025'],
    ['10.0.20348.2340', '2022'],
    ['10.0.17763', '2019'],
    ['10.0.177630', 'unknown'],
    ['10.0.17763-beta', 'unknown'],
    ['6.3.9600', 'unknown'],
  ])('%s is %s', async (version, release) => {
    const { queue } = await queueOf(listed(windows(version)), { arch: 'windows-amd64', now: 0 });
    expect(queue[0]?.get('windowsVersion')).toBe(release);
  });

  test('is not said where it is not', async () => {
    const { queue } = await queueOf(listed(windows(undefined)), { arch: 'windows-amd64', now: 0 });
    expect(queue[0]?.has('windowsVersion')).toBe(false);
  });

  test('is told to GitHub', async () => {
    expect(plain(dispatchOf(await listedBuild(windows('10.0.20348.1'))))).toEqual({
      ref: 'main',
      inputs: { buildId: 'w', bashbrewArch: 'windows-amd64', firstTag: 'w:1', windowsVersion: '2022' },
    });
  });
});

test('what starts a build at GitHub, if asked for', async () => {
  const { queue } = await queueOf(listed(needed('a')), { arch: 'amd64', now: 0, payload: true });
  expect(queue[0]?.get('gha_payload')).toBe(
    '{"ref":"main","inputs":{"buildId":"a","bashbrewArch":"amd64","firstTag":"a:1"}}',
  );
});

describe('afterwards', () => {
  const record = jobs({
    first: { count: 1, skip: false, identifier: 'a:1' },
    again: { count: 3, lastTime: 5, url: 'https://ci/1', firstTime: 4 },
    skipped: { count: 2, skip: true, firstTime: null },
    late: { count: 2, lastTime: 7, firstTime: null },
  });

  test('the record has when builds were tried, and when for the first time', () => {
    const completed = '{"again":{"lastTime":1700000000.25,"url":"https://ci/2"},"first":{"lastTime":9}}';
    expect(formatJson(completeJobs(record, parseOrdered(completed)), { compact: true })).toBe(
      '{"first":{"count":1,"skip":false,"identifier":"a:1","lastTime":9,"firstTime":9},' +
        '"again":{"count":3,"lastTime":1700000000.25,"url":"https://ci/2","firstTime":4},' +
        '"skipped":{"count":2,"skip":true,"firstTime":null},"late":{"count":2,"lastTime":7,"firstTime":7}}',
    );
  });

  test('it may have builds that nobody had queued, which count as never tried', async () => {
    const entered = completeJobs(record, parseOrdered('{"a":{"lastTime":7,"url":"u"}}'));
    const past = readJobs(parseOrdered(formatJson(entered)));
    const { record: next } = await queueOf(listed(needed('a')), { arch: 'amd64', now: 8, past });
    expect(plain(next)).toEqual({
      a: { lastTime: 7, url: 'u', firstTime: 7, identifier: 'a:1', skip: false, count: 1 },
    });
  });

  it.each([
    ['[]', 'want an object of jobs'],
    ['{"a/b":1}', '/a~1b: want an object'],
    ['{"a":{"lastTime":"now"}}', '/a/lastTime: want a number'],
    ['{"a":{"lastTime":null}}', '/a/lastTime: want a number'],
    ['{"a":{"lastTime":1e400}}', '/a/lastTime: want a number of seconds'],
    ['{"a":{"url":5}}', '/a/url: want a text'],
    ['{"a":{"count":-1}}', '/a/count: want a whole number'],
  ])('refuses %s', (completed, message) => {
    expect(() => completeJobs(record, parseOrdered(completed))).toThrow(message);
  });
});

it.each([
  ['[]', 'want an object of jobs'],
  ['{"a":[]}', '/a: want an object'],
  ['{"a":{"lastTime":1e400}}', '/a/lastTime: want a number of seconds'],
  ['{"a":{"count":-1}}', '/a/count: want a whole number'],
  ['{"a":{"count":"1"}}', '/a/count: want a number'],
  ['{"a":{"count":1,"lastTime":"x"}}', '/a/lastTime: want a number'],
])('refuses the record %s', (record, message) => {
  expect(() => readJobs(parseOrdered(record))).toThrow(message);
});
