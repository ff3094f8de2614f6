import { timestampFromDate, type Timestamp } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import type { Digest } from '../../oci/index.ts';
import { errorCode, isNotFound } from '../../registry/index.ts';
import type { ContentStore, Ingest } from './content-store.ts';
import { digestAsked } from './store-request.ts';
import type { WriteContentRequest } from '../proto/content_pb.ts';

/** The actions of a request. */
const [STAT, COMMIT] = [0, 2];

interface WriteAnswer {
  action: number;
  offset: bigint;
  total: bigint;
  digest: string;
  startedAt?: Timestamp;
  updatedAt?: Timestamp;
}

/**
 * Takes one piece of content: each request is answered, the first names the write, and the one that commits is the last.
 * Who goes away before that may come back, and goes on with the same name.
 * @see https://github.com/containerd/containerd/blob/main/api/services/content/v1/content.proto
 */
export async function* writeContent(
  store: ContentStore,
  requests: AsyncIterable<WriteContentRequest>,
  signal: AbortSignal,
): AsyncGenerator<WriteAnswer> {
  if (store.writes === undefined) throw new ConnectError('this store is only read', Code.Unimplemented);
  let ingest: Ingest | undefined;
  let total = 0;
  let expected: Digest | undefined;
  try {
    for await (const request of requests) {
      if (request.total > 0) total = Number(request.total);
      if (request.expected !== '') expected = digestAsked(request.expected);
      if (ingest === undefined) {
        if (request.ref === '')
          throw new ConnectError('first message must have a reference', Code.InvalidArgument);
        const about = { total, ...(expected !== undefined && { expected }) };
        ingest = await store.writes.open(request.ref, about, { signal }).catch(locked);
      }
      if (request.expected !== '' && expected !== undefined && (await has(store, expected, signal))) {
        const { ref } = ingest.status();
        await ingest.close();
        await store.writes.abort(ref, { signal });
        throw new ConnectError(`blob with expected digest ${expected} exists`, Code.AlreadyExists);
      }
      yield await answer(ingest, request, { total, expected, signal });
      if (request.action === COMMIT) return;
    }
  } finally {
    await ingest?.close();
  }
}

/** Two platforms may have a layer in common: of a write that is under way the builder waits for the end, told so. */
function locked(error: unknown): never {
  throw errorCode(error) === 'UNAVAILABLE'
    ? new ConnectError((error as Error).message, Code.Unavailable)
    : error;
}

async function answer(
  ingest: Ingest,
  { action, offset, data }: WriteContentRequest,
  { total, expected, signal }: { total: number; expected: Digest | undefined; signal: AbortSignal },
): Promise<WriteAnswer> {
  const before = ingest.status();
  if (action === STAT) {
    const times = {
      startedAt: timestampFromDate(before.startedAt),
      updatedAt: timestampFromDate(before.updatedAt),
    };
    return { action, offset: BigInt(before.offset), total: BigInt(total), digest: '', ...times };
  }
  if (offset > 0 && Number(offset) !== before.offset) {
    const why = `write @${offset} must occur at current offset ${before.offset}`;
    throw new ConnectError(why, Code.OutOfRange);
  }
  if (offset <= 0 && before.offset > 0) await ingest.truncate({ signal });
  if (data.length > 0) await ingest.write(data, { signal });
  const digest = action === COMMIT ? await ingest.commit(total, expected, { signal }) : '';
  return { action, offset: BigInt(ingest.status().offset), total: BigInt(total), digest };
}

async function has(store: ContentStore, digest: Digest, signal: AbortSignal): Promise<boolean> {
  try {
    await store.info(digest, { signal });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
