/** Uploads that are kept in mind, so that a later process goes on with them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import locks from 'fs-native-extensions';
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
  vi,
} from 'vitest';
import {
  registryClient,
  uploadFiles,
  type ClientOptions,
  type RegistryClient,
  type UploadKey,
  type UploadLog,
} from '../../src/client/index.ts';
import type { PushBlobOptions, Source } from '../../src/registry/index.ts';
import { scripted, type Answer, type Exchange, type Script } from '../../src/testing/index.ts';
import { leapingClock, stillClock, type TestClock } from '../transport/clock.ts';
import { compileProgram } from '../child-program.ts';
import { blob, failure } from './talk.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stowage-uploads-'));
});
afterEach(() => rm(folder, { recursive: true }));

const MIB = 1024 * 1024;
const SIZE = 9 * MIB;
const thing = blob('x'.repeat(SIZE));
const path = '/v2/r/blobs/uploads';
const CANARY = 'canary';
const key = { registry: 'https://registry.test/', repository: 'r', digest: thing.digest };
const idOf = (at: string): string => `https://registry.test${path}/${at}?_state=${CANARY}`;

const start = (query = ''): Exchange => ({
  request: `POST ${path}/${query}`,
  answer: { status: 202, headers: { location: idOf('0') } },
});
const put = (at: string, from: number, answer: Answer = { status: 201 }): Exchange => ({
  request: `PUT ${path}/${at}?_state=${CANARY}&digest=${thing.digest}`,
  headers: {
    'content-range': from === 0 ? undefined : `${from}-${SIZE - 1}`,
    'content-length': String(SIZE - from),
  },
  answer,
});
const ask = (at: string, answer: Answer): Exchange => ({
  request: `GET ${path}/${at}?_state=${CANARY}`,
  answer,
});
const stands = (held: number, to: string): Answer => ({
  status: 204,
  headers: { location: idOf(to), range: `0-${held - 1}` },
});
const head = (status: number): Exchange => ({
  request: `HEAD /v2/r/blobs/${thing.digest}`,
  answer: { status },
});
const cancel = (at: string): Exchange => ({
  request: `DELETE ${path}/${at}?_state=${CANARY}`,
  answer: { status: 204 },
});

const client = ({ transport }: Script, options: ClientOptions): RegistryClient =>
  registryClient('registry.test', { transport, retries: 0, ...options });

/** Plays a table with a client that keeps its uploads in the folder. */
async function during(
  rows: readonly Exchange[],
  options: PushBlobOptions = {},
  { source = thing.bytes, log = uploadFiles(folder) }: { source?: Source; log?: UploadLog } = {},
): Promise<void> {
  const script = scripted(rows);
  const registry = client(script, { uploadLog: log, clock: leapingClock() });
  await registry.pushBlob('r', thing.descriptor, source, options).finally(script.done);
}
/** What the next push would find. */
const kept = (): Promise<string | undefined> => found(uploadFiles(folder));
async function found(log: UploadLog, of: UploadKey = key): Promise<string | undefined> {
  const page = await log.open(of);
  await page.close();
  return page.id;
}
/** Has a push end that had got to a place. */
async function leave(id: string, { log = uploadFiles(folder), of = key } = {}): Promise<void> {
  const page = await log.open(of);
  await page.keep(id);
  await page.close();
}
const onlyFile = async (): Promise<string> => join(folder, (await readdir(folder))[0] ?? '');

describe('a push that is interrupted', () => {
  test('is gone on with by the next, and then forgotten', async () => {
    await failure(during([start(), put('0', 0, { reset: true })]));
    expect(await kept()).toBe(idOf('0'));
    const offsets: number[] = [];
    const source: Source = {
      open(offset) {
        offsets.push(offset);
        return thing.bytes.subarray(offset);
      },
    };
    await during([ask('0', stands(5 * MIB, '1')), put('1', 5 * MIB)], {}, { source });
    expect(offsets).toEqual([5 * MIB]);
    expect(await readdir(folder)).toEqual([]);
  });

  test('before anything was sent, with the place of its upload known', async () => {
    let noted: unknown;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      noted = JSON.parse(await readFile(await onlyFile(), 'utf8'));
      yield thing.bytes;
    };
    await during([start(), put('0', 0)], {}, { source });
    expect(noted).toMatchObject({ id: idOf('0') });
  });

  test('is asked for before it is mounted; and mounted, if nothing is known of it', async () => {
    await leave(idOf('7'));
    await during([ask('7', stands(5 * MIB, '8')), put('8', 5 * MIB)], { mountFrom: 'base' });
    await leave(idOf('7'));
    const mounting = `?mount=${thing.digest}&from=base`;
    const gone = ask('7', { status: 404 });
    await during([gone, head(404), start(mounting), put('0', 0)], { mountFrom: 'base' });
  });

  test.each([401, 403, 500])(
    'by another account, or in a registry that fails over it (%i), is begun anew: nobody is stuck with it',
    async (status) => {
      await leave(idOf('7'));
      await during([ask('7', { status }), head(404), start(), put('0', 0)]);
      expect(await readdir(folder)).toEqual([]);
    },
  );

  test('and cannot be asked for just now fails the push, and stays for the next', async () => {
    await leave(idOf('7'));
    await failure(during([ask('7', { status: 503 })]));
    expect(await kept()).toBe(idOf('7'));
  });

  test('after its last answer is there already', async () => {
    await leave(idOf('7'));
    await during([ask('7', { status: 404 }), head(200)]);
    expect(await kept()).toBeUndefined();
  });

  test('by a refusal is cancelled, and forgotten', async () => {
    await failure(during([start(), put('0', 0, { status: 403 })]));
    expect(await kept()).toBe(idOf('0'));
    await failure(during([ask('0', stands(MIB, '1')), put('1', MIB, { status: 422 }), cancel('1')]));
    expect(await kept()).toBeUndefined();
  });

  test('with bytes that turn out to be others: it is begun anew', async () => {
    await leave(idOf('7'));
    const wrong = { status: 400, body: '{"errors":[{"code":"DIGEST_INVALID"}]}' };
    await during([ask('7', stands(5 * MIB, '8')), put('8', 5 * MIB, wrong), start(), put('0', 0)]);
  });

  test('tells nobody where its upload is: that is as good as a key', async () => {
    const error = await failure(during([start(), put('0', 0, { status: 403 })]));
    expect(`${error.message} ${error.url} ${JSON.stringify(error)}`).not.toContain(CANARY);
    const [file = ''] = await readdir(folder);
    expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600);
    expect(file).not.toContain(CANARY);
  });
});

describe('what is not kept in mind', () => {
  const small = blob('x'.repeat(8 * MIB));

  test('blobs of 8 MiB and less', async () => {
    const script = scripted([start(), cancel('0')]);
    const registry = client(script, { uploadLog: uploadFiles(folder) });
    const failing = (): Promise<never> => Promise.reject(new Error('no such file'));
    await expect(registry.pushBlob('r', small.descriptor, failing)).rejects.toThrow('no such file');
    script.done();
    expect(await readdir(folder)).toEqual([]);
  });

  test('uploads on other hosts: a file may not send us, and our bytes, anywhere', async () => {
    const away = 'https://elsewhere.test/upload?signature=s';
    const log = uploadFiles(folder);
    await failure(
      during([
        { ...start(), answer: { status: 202, headers: { location: away } } },
        { request: `PUT ${away}&digest=${thing.digest}`, answer: { status: 403 } },
      ]),
    );
    expect(await found(log)).toBeUndefined();
    for (const id of [away, 'https://user:password@registry.test/x', 'file:///etc/passwd', '/relative', '']) {
      await leave(id);
      await during([start(), put('0', 0)]);
    }
  });

  test('what the log cannot keep: a push does not fail for it', async () => {
    const broken = (): Promise<never> => Promise.reject(new Error('the disk is full'));
    const page = { id: undefined, keep: broken, forget: broken, close: broken };
    await during([start(), put('0', 0)], {}, { log: { open: async () => page } });
    await during([start(), put('0', 0)], {}, { log: { open: broken } });
  });

  test('the second push of a blob while the first is under way', async () => {
    await leave(idOf('7'));
    const rows = [ask('7', stands(5 * MIB, '8')), put('8', 5 * MIB), start(), put('0', 0)];
    const script = scripted(rows, { anyOrder: true });
    const registry = client(script, { uploadLog: uploadFiles(folder) });
    const push = () => registry.pushBlob('r', thing.descriptor, thing.bytes);
    await Promise.all([push(), push()]);
    script.done();
  });
});

describe('a push in chunks that is to end', () => {
  const chunk = 4 * MIB;
  const patch = (at: string, from: number, answer: Answer): Exchange => ({
    request: `PATCH ${path}/${at}?_state=${CANARY}`,
    headers: { 'content-range': `${from}-${from + chunk - 1}` },
    answer,
  });
  const taken = (held: number, to: string, delay = 0): Answer => ({
    ...stands(held, to),
    status: 202,
    delay,
  });

  /** Pushes on a clock, and has it aborted after a while. */
  async function ended(rows: readonly Exchange[], after: number, clock: TestClock): Promise<unknown> {
    const ending = new AbortController();
    const script = scripted(rows, { clock });
    const pushing = client(script, { uploadLog: uploadFiles(folder), chunkSize: chunk, clock })
      .pushBlob('r', thing.descriptor, thing.bytes, { signal: ending.signal })
      .catch((error: unknown) => error);
    await until(() => clock.sleeping > 0);
    await clock.pass(after);
    ending.abort(new Error('enough'));
    await clock.pass(60_000);
    const result = await pushing;
    script.done();
    return result;
  }

  test('finishes the chunk that is under way, and keeps its place', async () => {
    const clock = stillClock();
    const rows = [start(), patch('0', 0, taken(chunk, '1', 3000))];
    expect(await ended(rows, 1000, clock)).toEqual(new Error('enough'));
    expect(await kept()).toBe(idOf('1'));
  });

  test('waits five seconds for that, and no longer', async () => {
    const clock = stillClock();
    const rows = [start(), patch('0', 0, taken(chunk, '1', 9000))];
    expect(await ended(rows, 1000, clock)).toEqual(new Error('enough'));
    expect(await kept()).toBe(idOf('0'));
  });
});

describe('the files', () => {
  test('are found by all that makes an upload what it is', async () => {
    const log = uploadFiles(folder);
    await leave('a');
    await leave('b', { of: { ...key, repository: 'other' } });
    expect(await found(log, { ...key, registry: 'https://other.test/' })).toBeUndefined();
    expect(await found(log, { ...key, digest: 'sha256:other' })).toBeUndefined();
    const page = await log.open(key);
    expect(page.id).toBe('a');
    await page.forget();
    await page.forget();
    await page.close();
    expect(await found(log)).toBeUndefined();
    expect(await found(log, { ...key, repository: 'other' })).toBe('b');
  });

  test('of an earlier version, without a word in their names and behind a lock, are taken over', async () => {
    await leave('a');
    const [name = ''] = await readdir(folder);
    await rm(join(folder, name));
    const earlier = JSON.stringify({ id: 'of then, and rather long', at: Date.now(), pid: process.pid });
    await writeFile(join(folder, `${name.split('.')[0]}.json`), earlier, { mode: 0o600 });
    await leave('b');
    expect(await kept()).toBe('b');
    expect(await readdir(folder)).toHaveLength(1);
  });

  test('that are old are removed, as are those of the future', async () => {
    let now = Date.now();
    const log = uploadFiles(folder, { now: () => now });
    const day = 24 * 60 * 60_000;
    await leave('a', { log });
    now += day - 1000;
    expect(await found(log)).toBe('a');
    now += 2000;
    expect(await found(log)).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
    await leave('other', { of: { ...key, repository: 'other' } });
    now += day;
    expect(await found(uploadFiles(folder, { now: () => now }))).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
    await leave('a', { log });
    now = Date.now() - day - 1000;
    expect(await found(log)).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
  });

  test.each([
    ['too long', JSON.stringify({ id: 'x'.repeat(40_000) })],
    ['cut', '{"id":"a'],
    ['empty', ''],
    ['something else', '[]'],
    ['of other types', '{"id":1}'],
    ['nothing', 'null'],
  ])('that are %s are removed', async (_, text) => {
    await leave('a');
    await writeFile(await onlyFile(), text);
    expect(await kept()).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('two at the upload of one blob', () => {
  let programs = '';
  let program = '';
  beforeAll(async () => {
    programs = await mkdtemp(join(tmpdir(), 'stowage-child-'));
    program = await compileProgram(new URL('upload-log-child.ts', import.meta.url), programs);
  });
  afterAll(() => rm(programs, { recursive: true }));

  test('in one process, by two clients and two logs: each has a page of its own', async () => {
    const first = await uploadFiles(folder).open(key);
    await first.keep('a');
    const second = await uploadFiles(folder).open(key);
    expect(second.id).toBeUndefined();
    await second.keep('b');
    await first.keep('c');
    await first.close();
    expect(await kept()).toBe('c');
    await second.forget();
    await second.close();
    expect(await kept()).toBe('c');
  });

  test('a page that was left has one taker', async () => {
    await leave('a');
    const pages = await Promise.all(Array.from({ length: 8 }, () => uploadFiles(folder).open(key)));
    expect(pages.flatMap(({ id }) => id ?? [])).toEqual(['a']);
    await Promise.all(pages.map((page) => page.close()));
  });

  test('a page whose owner is done with it in this very moment is nobody’s', async () => {
    await leave('a');
    const { tryLock } = locks;
    const file = await onlyFile();
    const spy = vi.spyOn(locks, 'tryLock').mockImplementationOnce((fd) => {
      rmSync(file);
      return tryLock(fd);
    });
    onTestFinished(() => spy.mockRestore());
    expect(await kept()).toBeUndefined();
  });

  test('a page that was removed while it was open is made again', async () => {
    const page = await uploadFiles(folder).open(key);
    await page.keep('a');
    await rm(await onlyFile());
    await page.keep('b');
    expect(await kept()).toBeUndefined();
    await page.close();
    expect(await kept()).toBe('b');
  });

  test('what was written is whole, also behind a longer one', async () => {
    const page = await uploadFiles(folder).open(key);
    await page.keep('a longer one');
    await page.keep('a');
    await page.close();
    expect(await kept()).toBe('a');
  });

  test('in two processes: a page is its owner’s while that lives, and free when it is killed', async () => {
    await leave('a');
    const owner = await otherProcess();
    expect(owner.found).toBe('a');
    expect(await kept()).toBeUndefined();
    expect(await readdir(folder)).toHaveLength(1);
    await owner.kill();
    expect(await kept()).toBe('a, taken');
  });

  test('in processes that are started at once: a page that was left has one taker', async () => {
    await leave('a');
    const others = await Promise.all(Array.from({ length: 4 }, otherProcess));
    expect(others.filter(({ found }) => found === 'a')).toHaveLength(1);
    await Promise.all(others.map(({ kill }) => kill()));
    expect(await readdir(folder)).toHaveLength(4);
  });

  /** Another process that opens a page and keeps something in it, and stays there. */
  async function otherProcess(): Promise<{ readonly found: string; kill(): Promise<unknown> }> {
    const child = spawn(process.execPath, [program, folder, JSON.stringify(key)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    onTestFinished(() => void child.kill('SIGKILL'));
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    return {
      found: said.toString().trim(),
      kill() {
        child.kill('SIGKILL');
        return ended;
      },
    };
  }
});

describe('where there are no locks', () => {
  /** From here on, the disk has none. */
  function lockless(): void {
    const spy = vi.spyOn(locks, 'tryLock').mockImplementation(() => {
      throw Object.assign(new Error('no locks available'), { code: 'ENOLCK' });
    });
    onTestFinished(() => spy.mockRestore());
  }

  test('nothing is kept in mind, and pushes go well', async () => {
    lockless();
    await during([start(), put('0', 0)]);
    await failure(during([start(), put('0', 0, { reset: true })]));
    expect(await readdir(folder)).toEqual([]);
    await during([start(), put('0', 0)]);
  });

  test('what was left before is let be', async () => {
    await leave('a');
    lockless();
    await during([start(), put('0', 0)]);
    expect(await readFile(await onlyFile(), 'utf8')).toContain('"a"');
  });
});

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setTimeout(resolve, 5));
}
