import { ConnectError } from '@connectrpc/connect';
import { describe, expect, test } from 'vitest';
import type { ContentStore, Ingest } from '../../src/buildkit/content/content-store.ts';
import { writeContent } from '../../src/buildkit/content/content-write.ts';
import { WriteContentRequestSchema } from '../../src/buildkit/proto/content_pb.ts';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { digestOf, type Digest } from '../../src/oci/index.ts';
import { notFound, RegistryError } from '../../src/registry/index.ts';

const [STAT, WRITE, COMMIT] = [0, 1, 2];
const hello = Buffer.from('hello');

/** A store that keeps what is written, and what was begun, in memory. */
function kept(): ContentStore & { readonly blobs: Map<Digest, Buffer>; readonly begun: Map<string, Buffer> } {
  const blobs = new Map<Digest, Buffer>();
  const begun = new Map<string, Buffer>();
  const open = new Set<string>();
  const ingest = (ref: string): Ingest => ({
    status: () => {
      const at = new Date(0);
      return { ref, offset: begun.get(ref)?.length ?? 0, total: 0, startedAt: at, updatedAt: at };
    },
    write: async (bytes) => void begun.set(ref, Buffer.concat([begun.get(ref) ?? Buffer.alloc(0), bytes])),
    truncate: async () => void begun.delete(ref),
    async commit(_size, expected) {
      const bytes = begun.get(ref) ?? Buffer.alloc(0);
      const digest = digestOf(bytes);
      if (expected !== undefined && digest !== expected)
        throw new RegistryError('DIGEST_INVALID', 'not that');
      blobs.set(digest, bytes);
      return digest;
    },
    close: async () => void open.delete(ref),
  });
  return {
    blobs,
    begun,
    async info(digest) {
      const bytes = blobs.get(digest);
      if (bytes === undefined) throw notFound('BLOB_UNKNOWN', 'kept', digest);
      return { digest, size: bytes.length };
    },
    async *read(digest) {
      yield blobs.get(digest) ?? Buffer.alloc(0);
    },
    writes: {
      async open(ref) {
        if (open.has(ref)) throw new RegistryError('UNAVAILABLE', `ref ${ref} locked`);
        open.add(ref);
        return ingest(ref);
      },
      abort: async (ref) => begun.delete(ref),
      statuses: () => [],
    },
  };
}

/** What the requests are answered with: the offset after each, and the digest where there is one. */
async function write(
  store: ContentStore,
  ...requests: readonly MessageInitShape<typeof WriteContentRequestSchema>[]
): Promise<readonly string[]> {
  const sent = (async function* () {
    for (const request of requests) yield create(WriteContentRequestSchema, request);
  })();
  const answers: string[] = [];
  try {
    for await (const { offset, digest } of writeContent(store, sent, new AbortController().signal))
      answers.push(`${offset} ${digest}`.trim());
  } catch (error) {
    answers.push(error instanceof ConnectError ? error.message : String(error));
  }
  return answers;
}

describe('content that the builder writes', () => {
  test('is what it sends piece by piece, once it is committed', async () => {
    const store = kept();
    const digest = digestOf(hello);
    const answers = await write(
      store,
      { action: STAT, ref: 'layer' },
      { action: WRITE, data: hello.subarray(0, 2) },
      { action: WRITE, offset: 2n, data: hello.subarray(2) },
      { action: COMMIT, offset: 5n, total: 5n, expected: digest },
    );
    expect(answers).toEqual(['0', '2', '5', `5 ${digest}`]);
    expect(store.blobs.get(digest)).toEqual(hello);
  });

  test('can be gone on with by its name, or begun anew', async () => {
    const store = kept();
    await write(store, { action: WRITE, ref: 'layer', data: hello.subarray(0, 2) });
    expect(
      await write(
        store,
        { action: STAT, ref: 'layer' },
        { action: WRITE, offset: 2n, data: hello.subarray(2) },
      ),
    ).toEqual(['2', '5']);
    expect(await write(store, { action: WRITE, ref: 'layer', data: hello })).toEqual(['5']);
    expect(store.begun.get('layer')).toEqual(hello);
  });

  test('must follow what is there', async () => {
    const offset = 7n;
    expect(
      await write(kept(), { action: STAT, ref: 'layer' }, { action: WRITE, offset, data: hello }),
    ).toEqual(['0', '[out_of_range] write @7 must occur at current offset 0']);
  });

  test('needs a name', async () => {
    const answers = await write(kept(), { action: WRITE, data: hello });
    expect(answers).toEqual(['[invalid_argument] first message must have a reference']);
  });

  test('is not sent where it is there already, which is no failure to the builder', async () => {
    const store = kept();
    const expected = digestOf(hello);
    await write(store, { action: COMMIT, ref: 'one', data: hello });
    expect(await write(store, { action: STAT, ref: 'two', expected })).toEqual([
      `[already_exists] blob with expected digest ${expected} exists`,
    ]);
  });

  test('is written by one at a time', async () => {
    const store = kept();
    await store.writes?.open('layer', { total: 0 });
    expect(await write(store, { action: STAT, ref: 'layer' })).toEqual([
      expect.stringContaining('ref layer locked'),
    ]);
  });
});

test('a write that another is at is one to ask for again, and goes on once the other has ended', async () => {
  const store = kept();
  const other = await store.writes?.open('layer-1', { total: 5 });
  expect(await write(store, { action: STAT, ref: 'layer-1' })).toEqual(['[unavailable] ref layer-1 locked']);
  await other?.close();
  expect(await write(store, { action: STAT, ref: 'layer-1' })).toEqual(['0']);
});
