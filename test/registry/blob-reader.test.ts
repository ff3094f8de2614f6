import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf, mediaTypes } from '../../src/oci/index.ts';
import {
  contentOf,
  intercept,
  openBlob,
  type BlobReader,
  type Operation,
  type Registry,
  type SeekOrigin,
} from '../../src/registry/index.ts';
import { memoryRegistry } from '../../src/store/memory/index.ts';
import { noise } from '../../src/registry/contract/content.ts';
import { failure, stream } from './streams.ts';

const bytes = noise(1, 1000);
const descriptor = { mediaType: mediaTypes.octetStream, digest: digestOf(bytes), size: bytes.length };

/** A registry that has the bytes, gives them in pieces, and notes what it is asked for. */
async function stocked(piece = 64): Promise<{ registry: Registry; asked: string[] }> {
  const memory = memoryRegistry();
  await memory.pushBlob('r', descriptor, bytes);
  const asked: string[] = [];
  const registry = intercept(memory, (operation: Operation, next) => {
    asked.push(operation.name);
    if (operation.name !== 'getBlob') return next(operation);
    return next(operation).then((content) =>
      contentOf(
        (async function* () {
          for await (const chunk of content)
            for (let at = 0; at < chunk.length; at += piece) yield chunk.subarray(at, at + piece);
        })(),
        content,
      ),
    );
  });
  return { registry, asked };
}

async function all(reader: BlobReader): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of reader) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('a blob is read from where one is to its end', async () => {
  const { registry, asked } = await stocked();
  const reader = openBlob(registry, 'r', descriptor);
  expect(Buffer.compare(await reader.read(100), bytes.subarray(0, 100))).toBe(0);
  expect(Buffer.compare(await all(reader), bytes.subarray(100))).toBe(0);
  expect(reader.position).toBe(1000);
  expect(await reader.read(1)).toHaveLength(0);
  expect(asked).toEqual(['getBlob']);
});

test('who leaves the loop goes on where it was left', async () => {
  const { registry } = await stocked();
  const reader = openBlob(registry, 'r', descriptor);
  for await (const _ of reader) break;
  expect(reader.position).toBe(64);
  expect((await reader.read(1))[0]).toBe(bytes[64]);
});

test('what is given may be changed: what is kept is not', async () => {
  const { registry } = await stocked();
  const reader = openBlob(registry, 'r', descriptor);
  (await reader.read(64)).fill(0);
  for await (const chunk of reader) {
    chunk.fill(0);
    break;
  }
  await reader.seek(0);
  expect(Buffer.compare(await reader.read(128), bytes.subarray(0, 128))).toBe(0);
});

test('reads that are asked for at once come one after the other', async () => {
  const { registry, asked } = await stocked();
  const reader = openBlob(registry, 'r', descriptor);
  const parts = await Promise.all([reader.read(10), reader.seek(500), reader.read(10), reader.read(10)]);
  expect(parts[0]).toEqual(bytes.subarray(0, 10));
  expect(parts[2]).toEqual(bytes.subarray(500, 510));
  expect(parts[3]).toEqual(bytes.subarray(510, 520));
  expect(asked).toEqual(['getBlob']);
});

test('an empty blob', async () => {
  const registry = memoryRegistry();
  const empty = { digest: digestOf(new Uint8Array()), size: 0 };
  await registry.pushBlob('r', empty, new Uint8Array());
  for (const blob of [empty, empty.digest]) {
    const reader = openBlob(registry, 'r', blob);
    expect(await reader.read(10)).toHaveLength(0);
    expect(await all(reader)).toHaveLength(0);
    expect(await reader.seek(0, 'end')).toBe(0);
    await reader.close();
  }
});

test('close ends a read that waits, and frees what stands behind it', async () => {
  const endless = stream('a');
  let freed = false;
  const registry = intercept(memoryRegistry(), (operation, next) => {
    if (operation.name !== 'getBlob') return next(operation);
    const never = (async function* () {
      yield* endless;
      await new Promise((_, reject) =>
        operation.options.signal?.addEventListener('abort', () => reject(new Error('aborted'))),
      );
    })();
    return Promise.resolve(contentOf(never, { descriptor, release: async () => void (freed = true) }));
  });
  const reader = openBlob(registry, 'r', descriptor);
  const reading = failure(reader.read(500));
  await new Promise(setImmediate);
  await reader.close();
  expect(await reading).toMatchObject({ code: 'SOURCE_CONSUMED', cause: { message: 'aborted' } });
  expect(freed).toBe(true);
});

test('the signal covers all of its life', async () => {
  const { registry, asked } = await stocked();
  const ending = new AbortController();
  const reader = openBlob(registry, 'r', descriptor, { signal: ending.signal });
  await reader.read(10);
  ending.abort(new Error('enough'));
  expect(await failure(reader.read(10))).toEqual(new Error('enough'));
  await reader.close();
  expect(asked).toEqual(['getBlob']);
});

test('for all jumps and reads: the bytes are those of the blob, whatever is kept', async () => {
  const step = fc.oneof(
    fc.record({ read: fc.nat(300) }),
    fc.record({ at: fc.nat(1200), length: fc.nat(300) }),
    fc.record({
      seek: fc.integer({ min: -1100, max: 1100 }),
      from: fc.constantFrom<SeekOrigin>('start', 'current', 'end'),
    }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 20 }),
      fc.constantFrom(0, 1, 50, 2000),
      fc.integer({ min: 1, max: 1000 }),
      fc.boolean(),
      async (steps, readAhead, piece, sized) => {
        const { registry } = await stocked(piece);
        const reader = openBlob(registry, 'r', sized ? descriptor : descriptor.digest, { readAhead });
        let position = 0;
        for (const each of steps) {
          if ('seek' in each) {
            const target = { start: 0, current: position, end: bytes.length }[each.from] + each.seek;
            if (target >= 0) position = await reader.seek(each.seek, each.from);
            else await failure(reader.seek(each.seek, each.from));
          } else if ('at' in each) {
            const got = await reader.readAt(each.at, each.length);
            expect(Buffer.compare(got, bytes.subarray(each.at, each.at + each.length))).toBe(0);
          } else {
            const got = await reader.read(each.read);
            expect(Buffer.compare(got, bytes.subarray(position, position + each.read))).toBe(0);
            position += got.length;
          }
          expect(reader.position).toBe(position);
        }
        await reader.close();
      },
    ),
    { numRuns: 200 },
  );
});

test.each<readonly [string, (reader: BlobReader) => Promise<unknown>]>([
  ['read', (reader) => reader.read(10)],
  ['readAt', (reader) => reader.readAt(5, 10)],
])('%s: what is answered after it was closed is let go', async (_, read) => {
  const { registry } = await stocked();
  let cancelled = 0;
  const late: Registry = intercept(registry, (operation: Operation, next) => {
    if (operation.name !== 'getBlob') return next(operation);
    return next(operation).then(async (content) => {
      await reader.close();
      return contentOf(content, { ...content, release: async () => void cancelled++ });
    });
  });
  const reader = openBlob(late, 'r', descriptor);
  expect(await failure(read(reader))).toMatchObject({ code: 'SOURCE_CONSUMED' });
  expect(cancelled).toBe(1);
});
