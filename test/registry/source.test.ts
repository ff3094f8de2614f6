import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import { collect, errorCode, openable, openAt, type Source } from '../../src/registry/index.ts';
import { bytes } from '../oci/words.ts';
import { failure, stream } from './streams.ts';

const TEXT = 'one two three';
const folder = mkdtempSync(join(tmpdir(), 'stowage-source-'));
const file = join(folder, 'file');
writeFileSync(file, TEXT);
afterAll(() => rmSync(folder, { recursive: true }));

const web = (): ReadableStream<Uint8Array> => new Blob([TEXT]).stream();

// What may be sent, and whether it may be sent again.
const SOURCES: Readonly<Record<string, readonly [make: () => Source, replayable: boolean]>> = {
  bytes: [() => bytes(TEXT), true],
  'a buffer': [() => Buffer.from(TEXT), true],
  'a part of a buffer': [() => Buffer.from(`xx${TEXT}xx`).subarray(2, -2), true],
  'a blob': [() => new Blob(['one ', 'two ', 'three']), true],
  'a function that gives bytes': [() => () => bytes(TEXT), true],
  'a function that promises bytes': [() => async () => bytes(TEXT), true],
  'a function that opens a stream': [() => () => stream('one ', 'two three'), true],
  'a function that promises a stream': [() => async () => stream('one ', 'two three'), true],
  'a function that opens a file': [() => () => createReadStream(file), true],
  'an object that opens bytes': [() => ({ open: () => bytes(TEXT) }), true],
  'an object that opens a stream': [() => ({ open: async () => stream('one ', 'two three') }), true],
  'a stream': [() => stream('one ', 'two ', 'three'), false],
  'a stream of a file': [() => createReadStream(file), false],
  'a ReadableStream': [web, false],
  'a stream of Node': [() => Readable.from([Buffer.from('one two '), Buffer.from('three')]), false],
};

describe('a source', () => {
  test.each(Object.entries(SOURCES))('%s', async (_, [make, replayable]) => {
    const source = openable(make());
    expect(source.replayable).toBe(replayable);
    expect(new TextDecoder().decode(await collect(source.open()))).toBe(TEXT);
    if (replayable) {
      expect(new TextDecoder().decode(await collect(source.open()))).toBe(TEXT);
      return;
    }
    const error = await failure((async () => collect(source.open()))());
    expect(errorCode(error)).toBe('SOURCE_CONSUMED');
    expect((error as Error).message).toMatch(/give a function that opens it/);
  });

  test.each<readonly [string, Source]>([
    ['bytes', new Uint8Array()],
    ['a blob', new Blob([])],
    ['a function', () => new Uint8Array()],
    ['a stream', stream()],
  ])('of nothing: %s', async (_, source) => {
    expect(await collect(openable(source).open())).toHaveLength(0);
  });

  test.each<readonly [string, () => Source]>([
    ['bytes', () => bytes(TEXT)],
    ['a blob', () => new Blob(['one ', 'two ', 'three'])],
    ['a function', () => () => stream('one ', 'two ', 'three')],
    ['an object', () => ({ open: (offset) => bytes(TEXT.slice(offset)) })],
    ['a stream', () => stream('one ', 'two ', 'three')],
  ])('from an offset on: %s', async (_, make) => {
    for (const offset of [0, 3, 4, 6, TEXT.length]) {
      const rest = await collect(openAt(openable(make()), offset));
      expect(new TextDecoder().decode(rest)).toBe(TEXT.slice(offset));
    }
  });

  test('that can begin in the middle is told where, and until when', () => {
    const opened: unknown[] = [];
    const source: Source = { open: (...asked) => (opened.push(asked), bytes('')) };
    const { signal } = new AbortController();
    return collect(openAt(openable(source), 7, signal)).then(() => expect(opened).toEqual([[7, signal]]));
  });

  test('has its bytes at hand, or not', () => {
    const content = bytes(TEXT);
    expect(openable(content).bytes).toBe(content);
    expect(openable(() => content).bytes).toBeUndefined();
    expect(openable(stream(TEXT)).bytes).toBeUndefined();
  });

  test('is opened when it is read, not before', async () => {
    let opened = 0;
    const source = openable(() => (opened++, bytes(TEXT)));
    const pass = source.open();
    expect(opened).toBe(0);
    await collect(pass);
    expect(opened).toBe(1);
  });

  test('passes its error on, and is freed by who stops reading', async () => {
    const broken = new Error('no such file');
    expect(await failure(collect(openable(() => Promise.reject(broken)).open()))).toBe(broken);
    const left = stream('one ', 'two ');
    for await (const _ of openable(() => left).open()) break;
    expect(left.ended).toBe(true);
  });
});
