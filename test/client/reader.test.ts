/** The seekable reader over a registry at the other end of HTTP: what it asks for, and what it does not. */
import { describe, expect, test } from 'vitest';
import type { RegistryClient } from '../../src/client/index.ts';
import { openBlob, type BlobReader, type OpenBlobOptions } from '../../src/registry/index.ts';
import type { Answer, Exchange } from '../../src/testing/index.ts';
import { leapingClock } from '../transport/clock.ts';
import { blob, during, failure, talk } from './talk.ts';

const letters = blob('abcdefghijklmnopqrstuvwxyz');
const text = Buffer.from(letters.bytes).toString();
const total = text.length;

const get = (range: string | undefined, answer: Answer): Exchange => ({
  request: `GET /v2/r/blobs/${letters.digest}`,
  headers: { range },
  answer,
});
const head: Exchange = {
  request: `HEAD /v2/r/blobs/${letters.digest}`,
  answer: { headers: { 'content-length': String(total) } },
};
/** In pieces of five bytes, so that what was not read was not sent either. */
async function* pieces(from: number, to = total): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to; at += 5) yield Buffer.from(text.slice(at, Math.min(at + 5, to)));
}
const whole = (): Answer => ({ headers: { 'content-length': String(total) }, body: pieces(0) });
const part = (from: number, to = total, size: number | '*' = total): Answer => ({
  status: 206,
  headers: { 'content-range': `bytes ${from}-${to - 1}/${size}` },
  body: pieces(from, to),
});

/** What is read of the letters, by a reader that is closed at the end. */
async function reading<T>(
  rows: readonly Exchange[],
  act: (reader: BlobReader, read: (length: number) => Promise<string>) => Promise<T>,
  { sized = true, ...options }: OpenBlobOptions & { readonly sized?: boolean } = {},
): Promise<T> {
  return during(
    rows,
    async (registry: RegistryClient) => {
      const reader = openBlob(registry, 'r', sized ? letters.descriptor : letters.digest, options);
      try {
        return await act(reader, async (length) => Buffer.from(await reader.read(length)).toString());
      } finally {
        await reader.close();
      }
    },
    { retries: 2, clock: leapingClock() },
  );
}

test('nothing is asked for before something is read', async () => {
  await reading([], async (reader) => {
    expect(await reader.seek(7)).toBe(7);
    expect(await reader.seek(-3, 'end')).toBe(23);
    expect(await reader.seek(-3, 'current')).toBe(20);
    expect(await reader.read(0)).toHaveLength(0);
  });
});

test('[row 112] five bytes back, where nothing is kept: a second request', async () => {
  await reading(
    [get(undefined, whole()), get('bytes=5-', part(5))],
    async (reader, read) => {
      expect(await read(10)).toBe('abcdefghij');
      await reader.seek(-5, 'current');
      expect(await read(3)).toBe('fgh');
      expect(reader.position).toBe(8);
    },
    { readAhead: 0 },
  );
});

test('[row 112] five bytes back, which are kept: no request at all', async () => {
  await reading([get(undefined, whole())], async (reader, read) => {
    expect(await read(10)).toBe('abcdefghij');
    await reader.seek(-5, 'current');
    expect(await read(10)).toBe('fghijklmno');
  });
});

test('a little ahead: what is between is read and dropped; further: a request', async () => {
  await reading(
    [get(undefined, whole()), get('bytes=20-', part(20))],
    async (reader, read) => {
      expect(await read(1)).toBe('a');
      await reader.seek(8);
      expect(await read(1)).toBe('i');
      await reader.seek(20);
      expect(await read(2)).toBe('uv');
    },
    { readAhead: 6 },
  );
});

test('[row 113] to the end and back before a read: one request, of the whole', async () => {
  const there = async (reader: BlobReader, read: (length: number) => Promise<string>) => {
    expect(await reader.seek(0, 'end')).toBe(total);
    expect(await reader.seek(0)).toBe(0);
    expect(await read(100)).toBe(text);
  };
  await reading([get(undefined, whole())], there);
  // Where the size is not known it is asked for, by a HEAD.
  await reading([head, get(undefined, whole())], there, { sized: false });
});

describe('[row 114] a registry that does not heed ranges', () => {
  test('sends the whole, of which the rest is cut out', async () => {
    await reading([get('bytes=5-', whole())], async (reader, read) => {
      await reader.seek(5);
      expect(await read(3)).toBe('fgh');
    });
  });
});

test('[row 115] three answers that are not the part: three errors', async () => {
  const answers: Answer[] = [
    { status: 206, body: text.slice(5) },
    { status: 206, headers: { 'content-range': `bytes 0-25/26` }, body: text },
    { status: 206, headers: { 'content-range': `bytes 5-20/26` }, body: text.slice(5, 21) },
  ];
  const messages: string[] = [];
  for (const answer of answers) {
    const error = await failure(
      reading([get('bytes=5-', answer)], async (reader, read) => {
        await reader.seek(5);
        await read(3);
      }),
    );
    expect(error).toMatchObject({ code: 'RESPONSE_INVALID', repository: 'r', reference: letters.digest });
    messages.push(error.message.replace(/^.*asked for bytes=5-, and /, ''));
  }
  expect(messages).toEqual([
    'the answer does not say which part it is: it has no Content-Range',
    'the answer begins at byte 0',
    'the answer ends with byte 20, not 25',
  ]);
});

test('[row 116] a total that is not told is accepted, and asked for: a seek from the end works', async () => {
  await reading(
    [get('bytes=5-', part(5, total, '*')), head],
    async (reader, read) => {
      await reader.seek(5);
      expect(await read(3)).toBe('fgh');
      expect(reader.size).toBe(total);
      expect(await reader.seek(-1, 'end')).toBe(25);
      expect(await read(3)).toBe('z');
    },
    { sized: false },
  );
});

test('[row 117] before the start there is nothing, and the position stays', async () => {
  await reading([], async (reader) => {
    await reader.seek(3);
    for (const act of [
      () => reader.seek(-1),
      () => reader.seek(-4, 'current'),
      () => reader.seek(-27, 'end'),
      () => reader.seek(0.5),
      () => reader.seek(Number.NaN),
      () => reader.read(-1),
      () => reader.readAt(-1, 1),
    ])
      expect(await failure(act())).toMatchObject({ code: 'RANGE_INVALID', repository: 'r' });
    expect(reader.position).toBe(3);
  });
});

test('[row 117] after it was closed everything fails, but to close it again', async () => {
  const { registry, done } = talk([get(undefined, whole())]);
  const reader = openBlob(registry, 'r', letters.descriptor);
  await reader.read(3);
  await reader.close();
  for (const act of [
    () => reader.read(1),
    () => reader.seek(0),
    () => reader.readAt(0, 1),
    async () => {
      for await (const _ of reader) break;
    },
  ]) {
    const error = await failure(act());
    expect(error.code).toBe('SOURCE_CONSUMED');
    expect(error.message).toContain('is closed');
  }
  await reader.close();
  done();
});

test('[row 118] a stream that breaks is read on, and nobody notices', async () => {
  await reading([get(undefined, { ...whole(), cut: 7 }), get('bytes=7-25', part(7))], async (_, read) =>
    expect(await read(100)).toBe(text),
  );
});

test('a stream that fails for good: the next read begins where this one did', async () => {
  const broken = { ...part(5), cut: 0 };
  await reading(
    [get('bytes=5-', broken), get('bytes=5-25', broken), get('bytes=5-25', broken), get('bytes=5-', part(5))],
    async (reader, read) => {
      await reader.seek(5);
      expect((await failure(read(3))).code).toBe('UNAVAILABLE');
      expect(reader.position).toBe(5);
      expect(await read(3)).toBe('fgh');
    },
  );
});

describe('[row 119] the end', () => {
  test('that is known is not asked for', async () => {
    await reading([], async (reader, read) => {
      await reader.seek(0, 'end');
      expect(await read(1)).toBe('');
      await reader.seek(100, 'end');
      expect(await read(1)).toBe('');
    });
  });

  test('that is not known: a 416 where the blob has as many bytes is the end', async () => {
    const there = async (reader: BlobReader, read: (length: number) => Promise<string>) => {
      await reader.seek(total);
      expect(await read(1)).toBe('');
      expect(reader.size).toBe(total);
    };
    await reading([get('bytes=26-', { status: 416 }), head], there, { sized: false });
  });

  test('a 416 where the blob has more is an error', async () => {
    const act = async (reader: BlobReader, read: (length: number) => Promise<string>) => {
      await reader.seek(5);
      await read(1);
    };
    const rows = [get('bytes=5-', { status: 416 }), head];
    expect((await failure(reading(rows, act, { sized: false }))).code).toBe('RANGE_INVALID');
    expect((await failure(reading(rows.slice(0, 1), act))).code).toBe('RANGE_INVALID');
  });
});

test('who has read to the end holds no connection any more', async () => {
  const { registry, done } = talk([get('bytes=20-', part(20))]);
  const reader = openBlob(registry, 'r', letters.descriptor);
  await reader.seek(20);
  await reader.read(6);
  done();
});

test('what was gone through in a loop is kept no longer than what was read', async () => {
  await reading(
    [get(undefined, whole()), get(undefined, whole())],
    async (reader, read) => {
      for await (const piece of reader) {
        expect(Buffer.from(piece).toString()).toBe('abcde');
        break;
      }
      await reader.seek(0);
      expect(await read(3)).toBe('abc');
    },
    { readAhead: 0 },
  );
});

test('readAt asks for those bytes alone, and leaves what is open as it is', async () => {
  await reading([get(undefined, whole()), get('bytes=20-22', part(20, 23))], async (reader, read) => {
    expect(await read(5)).toBe('abcde');
    expect(Buffer.from(await reader.readAt(20, 3)).toString()).toBe('uvw');
    // This is kept.
    expect(Buffer.from(await reader.readAt(1, 3)).toString()).toBe('bcd');
    expect(reader.position).toBe(5);
    expect(await read(2)).toBe('fg');
  });
});

test('what is wrong is found out at the end, by who read from the start', async () => {
  const wrong: Answer = { headers: { 'content-length': String(total) }, body: text.toUpperCase() };
  const error = await failure(reading([get(undefined, wrong)], async (_, read) => read(total)));
  expect(error.code).toBe('DIGEST_MISMATCH');
});
