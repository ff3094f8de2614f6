import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestOf, parseDigest, type Descriptor } from '../../src/oci/index.ts';
import {
  collect,
  contentOf,
  contentOfBytes,
  DOCUMENT_LIMIT,
  verify,
  type Content,
} from '../../src/registry/index.ts';
import { bytes, named } from '../oci/words.ts';
import { failure, readAll, stream, type Watched } from './streams.ts';

const WHOLE = 'one two three';
const descriptor: Descriptor = { mediaType: 'text/plain', digest: named(WHOLE), size: WHOLE.length };
const facts = { url: 'http://registry.test/v2/a/blobs/x', repository: 'a' };

/** Content of some pieces that are said to be the whole, and how often it was released. */
function content(
  ...pieces: readonly (string | Error)[]
): Content & { readonly from: Watched; readonly released: number } {
  const from = stream(...pieces);
  let released = 0;
  const made = contentOf(from, { descriptor, facts, release: async () => void released++ });
  return Object.defineProperties(made as Content & { from: Watched; released: number }, {
    from: { value: from },
    released: { get: () => released },
  });
}

describe('bytes that are verified while they pass', () => {
  test.each([
    ['in pieces', ['one ', 'two ', 'three']],
    ['at once', [WHOLE]],
    ['with empty pieces between', ['', 'one ', '', 'two three', '']],
  ])('%s', async (_, pieces) => {
    expect(await readAll(content(...pieces))).toEqual({ pieces: pieces.filter((piece) => piece !== '') });
    expect(await content(...pieces).text()).toBe(WHOLE);
  });

  // What comes before the error is told apart from the whole by the piece that is held back.
  test.each([
    ['too short', ['one ', 'two '], ['one '], 'SIZE_MISMATCH', /expected 13 bytes, got 8/],
    ['nothing at all', [], [], 'SIZE_MISMATCH', /expected 13 bytes, got 0/],
    ['a byte too much', ['one ', 'two three', '!'], ['one '], 'SIZE_MISMATCH', /expected 13 bytes, got more/],
    ['much too long in the first piece', [`${WHOLE}!`], [], 'SIZE_MISMATCH', /got more/],
    [
      'one bit flipped at the end',
      ['one ', 'two ', 'thred'],
      ['one ', 'two '],
      'DIGEST_MISMATCH',
      /expected sha256:.*, got sha256:/,
    ],
    [
      'one bit flipped at the beginning',
      ['ooe ', 'two ', 'three'],
      ['ooe ', 'two '],
      'DIGEST_MISMATCH',
      /got sha256:/,
    ],
    ['other bytes in one piece', ['one two thre!'], [], 'DIGEST_MISMATCH', /got sha256:/],
  ])('%s', async (_, pieces, passed, code, message) => {
    const { pieces: got, error } = await readAll(content(...pieces));
    expect(got).toEqual(passed);
    expect(error).toMatchObject({ code, ...facts });
    expect((error as Error).message).toMatch(message);
    expect(await failure(content(...pieces).bytes())).toMatchObject({ code });
  });

  test('the rest is not asked for once there is too much', async () => {
    const it = content('one two three', '!', 'and', 'more');
    await readAll(it);
    expect(it.from).toMatchObject({ asked: 2, ended: true });
  });

  test('the last piece is held back until the whole is known to be right', async () => {
    const given: string[] = [];
    const from = async function* (): AsyncGenerator<Uint8Array> {
      for (const piece of ['one ', 'two ', 'three']) {
        given.push(piece);
        yield bytes(piece);
      }
    };
    const iterator = contentOf(from(), { descriptor })[Symbol.asyncIterator]();
    await iterator.next();
    // To hand out the first, it had to see the second.
    expect(given).toEqual(['one ', 'two ']);
  });

  test('an error of the stream passes as it is', async () => {
    const broken = new Error('the connection broke');
    expect(await readAll(content('one ', 'two ', broken))).toEqual({ pieces: ['one '], error: broken });
  });

  test('of an algorithm that cannot be computed, the size alone', async () => {
    const digest = parseDigest('whirlpool:abc');
    expect(await readAll(verify(stream('ab', 'c'), digest, 3))).toEqual({ pieces: ['ab', 'c'] });
    expect((await readAll(verify(stream('ab'), digest, 3))).error).toMatchObject({ code: 'SIZE_MISMATCH' });
  });

  test('for all bytes and pieces: the whole passes, any change does not', async () => {
    const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat(), fc.integer({ min: 1, max: 255 }), async (list, at, flip) => {
        const whole = Buffer.concat(list);
        const digest = digestOf(whole);
        expect(Buffer.from(await collect(verify(stream(...list), digest, whole.length)))).toEqual(whole);
        const wrong = Uint8Array.from(whole);
        wrong[at % wrong.length] = (wrong[at % wrong.length] as number) ^ flip;
        expect((await readAll(verify(stream(wrong), digest, wrong.length))).error).toMatchObject({
          code: 'DIGEST_MISMATCH',
        });
      }),
    );
  });
});

describe('a part', () => {
  const part = (...pieces: readonly string[]): Content =>
    contentOf(stream(...pieces), { descriptor, range: { start: 4, end: 7 } });

  test('is measured, as it cannot be verified', async () => {
    expect(await part('two').text()).toBe('two');
    expect(await part('t', 'wo').text()).toBe('two');
    // Nothing tells that these are other bytes.
    expect(await part('xyz').text()).toBe('xyz');
    expect(await failure(part('tw').bytes())).toMatchObject({ code: 'SIZE_MISMATCH' });
    expect(await failure(part('two ').bytes())).toMatchObject({ code: 'SIZE_MISMATCH' });
  });

  test('has the descriptor of the whole, and the limit of the part', async () => {
    expect(part()).toMatchObject({ descriptor, range: { start: 4, end: 7 } });
    expect(await part('two').text(3)).toBe('two');
    expect(await failure(part('two').text(2))).toMatchObject({ code: 'SIZE_INVALID' });
  });

  test('of bytes at hand', async () => {
    const range = { start: 4, end: 7 };
    expect(await contentOfBytes(bytes(WHOLE), { descriptor, range }).text()).toBe('two');
    expect(await contentOfBytes(bytes(WHOLE), { descriptor }).text()).toBe(WHOLE);
  });
});

describe('into memory', () => {
  test('goes as much as the limit says, and nothing is read of more', async () => {
    expect(await content(WHOLE).text(WHOLE.length)).toBe(WHOLE);
    const large = content(WHOLE);
    const error = await failure(large.text(WHOLE.length - 1));
    expect(error).toMatchObject({ code: 'SIZE_INVALID', ...facts });
    expect((error as Error).message).toMatch(/has 13 bytes, more than the limit of 12/);
    expect(large).toMatchObject({ from: { asked: 0 }, released: 1 });
  });

  test('goes a document, unless told', async () => {
    const large = contentOf(stream('x'), { descriptor: { ...descriptor, size: DOCUMENT_LIMIT + 1 } });
    expect(await failure(large.bytes())).toMatchObject({ code: 'SIZE_INVALID' });
  });

  test('JSON', async () => {
    const text = '{"a":"ä"}';
    const document = contentOfBytes(bytes(text), {
      descriptor: { mediaType: 'a/b', digest: named(text), size: bytes(text).length },
    });
    expect(await document.json<{ a: string }>()).toEqual({ a: 'ä' });
  });
});

describe('content is read once', () => {
  test('by whatever way', async () => {
    const readings: readonly ((it: Content) => Promise<unknown>)[] = [
      (it) => it.bytes(),
      (it) => it.text(),
      async (it) => {
        for await (const _ of it);
      },
    ];
    for (const first of readings) {
      for (const second of readings) {
        const it = content(WHOLE);
        await first(it);
        expect(await failure(second(it))).toMatchObject({ code: 'SOURCE_CONSUMED', ...facts });
      }
    }
  });
});

describe('what stands behind it is freed', () => {
  test('by cancel, where nobody began to read', async () => {
    const it = content(WHOLE);
    await it.cancel();
    expect(it).toMatchObject({ released: 1, from: { asked: 0 } });
  });

  test('by cancel, where somebody took an iterator and never asked', async () => {
    const it = content(WHOLE);
    it[Symbol.asyncIterator]();
    await it.cancel();
    expect(it.released).toBe(1);
  });

  test('by cancel, in the middle', async () => {
    const it = content('one ', 'two ', 'three');
    await it[Symbol.asyncIterator]().next();
    await it.cancel();
    expect(it.from.ended).toBe(true);
  });

  test('by cancel, where a read has stalled', { timeout: 5000 }, async () => {
    let end = (): void => {};
    const stalled = contentOf(
      {
        [Symbol.asyncIterator]: () => ({
          next: () =>
            new Promise<IteratorResult<Uint8Array>>(
              (resolve) => (end = () => resolve({ done: true, value: undefined })),
            ),
        }),
      },
      { descriptor, release: async () => end() },
    );
    const reading = failure(stalled.bytes());
    await new Promise((resolve) => setImmediate(resolve));
    await stalled.cancel();
    expect(await reading).toMatchObject({ code: 'SIZE_MISMATCH' });
  });

  test('by leaving the loop', async () => {
    const it = content('one ', 'two ', 'three');
    for await (const _ of it) break;
    expect(it.from).toMatchObject({ asked: 2, ended: true });
  });

  test('by an error', async () => {
    const it = content('one ', 'two !', 'three');
    await readAll(it);
    expect(it.from.ended).toBe(true);
  });

  test('and cancel may be called at any time, any number of times', async () => {
    const it = content(WHOLE);
    await it.text();
    await it.cancel();
    await it.cancel();
    const bare = contentOfBytes(bytes(WHOLE), { descriptor });
    await bare.cancel();
  });
});
