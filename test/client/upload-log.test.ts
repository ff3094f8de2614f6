/** Uploads that are kept in mind, so that a later process goes on with them. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  registryClient,
  uploadFiles,
  type ClientOptions,
  type RegistryClient,
  type UploadLog,
} from '../../src/client/index.ts';
import type { PushBlobOptions, Source } from '../../src/registry/index.ts';
import { scripted, type Answer, type Exchange, type Script } from '../../src/testing/index.ts';
import { leapingClock, stillClock, type TestClock } from '../transport/clock.ts';
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
const kept = (): Promise<string | undefined> => uploadFiles(folder).find(key);

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
    let at: string | undefined;
    const source = async function* (): AsyncGenerator<Uint8Array> {
      at = await kept();
      yield thing.bytes;
    };
    await during([start(), put('0', 0)], {}, { source });
    expect(at).toBe(idOf('0'));
  });

  test('is asked for before it is mounted; and mounted, if nothing is known of it', async () => {
    await uploadFiles(folder).keep(key, idOf('7'));
    await during([ask('7', stands(5 * MIB, '8')), put('8', 5 * MIB)], { mountFrom: 'base' });
    await uploadFiles(folder).keep(key, idOf('7'));
    const mounting = `?mount=${thing.digest}&from=base`;
    const gone = ask('7', { status: 404 });
    await during([gone, head(404), start(mounting), put('0', 0)], { mountFrom: 'base' });
  });

  test('after its last answer is there already', async () => {
    await uploadFiles(folder).keep(key, idOf('7'));
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
    await uploadFiles(folder).keep(key, idOf('7'));
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
    expect(await log.find(key)).toBeUndefined();
    for (const id of [away, 'https://user:password@registry.test/x', 'file:///etc/passwd', '/relative', '']) {
      await log.keep(key, id);
      await during([start(), put('0', 0)]);
    }
  });

  test('what the log cannot keep: a push does not fail for it', async () => {
    const broken = (): Promise<never> => Promise.reject(new Error('the disk is full'));
    const log: UploadLog = { find: broken, keep: broken, forget: broken };
    await during([start(), put('0', 0)], {}, { log });
  });

  test('the second push of a blob while the first is under way', async () => {
    await uploadFiles(folder).keep(key, idOf('7'));
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
    await log.keep(key, 'a');
    await log.keep({ ...key, repository: 'other' }, 'b');
    expect(await log.find(key)).toBe('a');
    expect(await log.find({ ...key, registry: 'https://other.test/' })).toBeUndefined();
    expect(await log.find({ ...key, digest: 'sha256:other' })).toBeUndefined();
    await log.forget(key);
    await log.forget(key);
    expect(await log.find(key)).toBeUndefined();
    expect(await log.find({ ...key, repository: 'other' })).toBe('b');
  });

  test('that are old are removed, as are those of the future', async () => {
    let now = 1_000_000_000_000;
    const log = uploadFiles(folder, { now: () => now });
    const day = 24 * 60 * 60_000;
    await log.keep(key, 'a');
    now += day - 1;
    expect(await log.find(key)).toBe('a');
    now += 1;
    expect(await log.find(key)).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
    await log.keep(key, 'a');
    now -= 1;
    expect(await log.find(key)).toBeUndefined();
  });

  test.each([
    ['too long', JSON.stringify({ id: 'x'.repeat(40_000), at: 0, pid: 1 })],
    ['cut', '{"id":"a","at":1'],
    ['something else', '[]'],
    ['of other types', '{"id":1,"at":"now","pid":{}}'],
    ['nothing', 'null'],
  ])('that are %s are removed', async (_, text) => {
    const log = uploadFiles(folder);
    await log.keep(key, 'a');
    const [file = ''] = await readdir(folder);
    await writeFile(join(folder, file), text);
    expect(await log.find(key)).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
  });

  test('of a process that is still at it are not told of, until it ends', async () => {
    const log = uploadFiles(folder);
    await log.keep(key, 'a');
    const [file = ''] = await readdir(folder);
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const entry = JSON.parse(await readFile(join(folder, file), 'utf8')) as object;
    await writeFile(join(folder, file), JSON.stringify({ ...entry, pid: child.pid }));
    expect(await log.find(key)).toBeUndefined();
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    expect(await log.find(key)).toBe('a');
  });
});

async function until(happened: () => boolean): Promise<void> {
  while (!happened()) await new Promise((resolve) => setTimeout(resolve, 5));
}
