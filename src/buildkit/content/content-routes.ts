import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from '@connectrpc/connect';
import { isDigest, type Digest } from '../../oci/index.ts';
import { contentCall, contentStream } from './content-error.ts';
import type { ContentInfo, ContentStore, ContentWrites, IngestStatus } from './content-store.ts';
import { writeContent } from './content-write.ts';
import { Content } from '../proto/content_pb.ts';

/** Builders before 0.12 refuse messages of more than 4 MiB. */
const CHUNK = 1024 * 1024;

/** As many as containerd puts into one message of a list. */
const BATCH = 100;

/**
 * The methods of a content store, as containerd's server answers them.
 * @see https://github.com/containerd/containerd/blob/main/plugins/services/content/contentserver/contentserver.go
 */
export function contentRoutes(router: ConnectRouter, stores: ReadonlyMap<string, ContentStore>): void {
  router.service(Content, {
    info: ({ digest }, context) =>
      contentCall(digest, async () => {
        const { signal } = context;
        return { info: infoMessage(await storeFor(context, stores).info(checked(digest), { signal })) };
      }),
    read: ({ digest, offset, size }, context) =>
      contentStream(
        digest,
        readContent(storeFor(context, stores), checked(digest), { offset, size }, context),
      ),
    list: ({ filters }, context) =>
      contentStream('the list', listContent(storeFor(context, stores), filters, context)),
    status: ({ ref }, context) => {
      const found = writesOf(context, stores)
        ?.statuses()
        .find((status) => status.ref === ref);
      if (found === undefined)
        throw new ConnectError(`no write under way for ref "${ref}": not found`, Code.NotFound);
      return { status: statusMessage(found) };
    },
    listStatuses: (_request, context) => ({
      statuses: (writesOf(context, stores)?.statuses() ?? []).map(statusMessage),
    }),
    write: (requests, context) => {
      const store = storeFor(context, stores);
      return contentStream('the write', writeContent(store, requests, context.signal));
    },
    abort: ({ ref }, context) =>
      contentCall(ref, async () => {
        const found = await writesOf(context, stores)?.abort(ref, { signal: context.signal });
        if (found !== true)
          throw new ConnectError(`no write under way for ref "${ref}": not found`, Code.NotFound);
        return {};
      }),
    update: () => {
      throw new ConnectError('labels are not kept here', Code.FailedPrecondition);
    },
    delete: () => {
      throw new ConnectError('nothing is deleted over a session', Code.FailedPrecondition);
    },
  });
}

function writesOf(
  context: HandlerContext,
  stores: ReadonlyMap<string, ContentStore>,
): ContentWrites | undefined {
  return storeFor(context, stores).writes;
}

function storeFor(
  { requestHeader }: HandlerContext,
  stores: ReadonlyMap<string, ContentStore>,
): ContentStore {
  const [id] = requestHeader.get('buildkit-attachable-store-id')?.split(', ') ?? [];
  if (id === undefined)
    throw new ConnectError('request lacks metadata "buildkit-attachable-store-id"', Code.InvalidArgument);
  const store = stores.get(id);
  if (store === undefined) throw new ConnectError(`unknown store ${id}: not found`, Code.NotFound);
  return store;
}

function checked(digest: string): Digest {
  if (isDigest(digest)) return digest;
  throw new ConnectError(`"${digest}" failed validation`, Code.InvalidArgument);
}

async function* readContent(
  store: ContentStore,
  digest: Digest,
  asked: { readonly offset: bigint; readonly size: bigint },
  { signal }: HandlerContext,
): AsyncGenerator<{ offset: bigint; data: Uint8Array }> {
  const { size: whole } = await store.info(digest, { signal });
  let offset = Math.max(0, Number(asked.offset));
  if (offset > whole) throw new ConnectError(`read past object length ${whole} bytes`, Code.OutOfRange);
  const rest = whole - offset;
  const size = asked.size <= 0 || asked.size > rest ? rest : Number(asked.size);
  if (size === 0) return;
  for await (const bytes of store.read(digest, { offset, size, signal })) {
    for (let at = 0; at < bytes.length; at += CHUNK) {
      const data = bytes.subarray(at, at + CHUNK);
      yield { offset: BigInt(offset), data };
      offset += data.length;
    }
  }
}

async function* listContent(
  store: ContentStore,
  filters: readonly string[],
  { signal }: HandlerContext,
): AsyncGenerator<{ info: ReturnType<typeof infoMessage>[] }> {
  if (store.list === undefined)
    throw new ConnectError('this store cannot tell what is in it', Code.Unimplemented);
  if (filters.length > 0) throw new ConnectError('filters are not understood here', Code.InvalidArgument);
  let info: ReturnType<typeof infoMessage>[] = [];
  for await (const one of store.list({ signal })) {
    info.push(infoMessage(one));
    if (info.length < BATCH) continue;
    yield { info };
    info = [];
  }
  if (info.length > 0) yield { info };
}

function infoMessage({ digest, size, createdAt, updatedAt, labels = {} }: ContentInfo) {
  return {
    digest,
    size: BigInt(size),
    ...(createdAt !== undefined && { createdAt: timestampFromDate(createdAt) }),
    ...(updatedAt !== undefined && { updatedAt: timestampFromDate(updatedAt) }),
    labels: { ...labels },
  };
}

function statusMessage({ ref, offset, total, expected = '' as Digest, startedAt, updatedAt }: IngestStatus) {
  return {
    ref,
    offset: BigInt(offset),
    total: BigInt(total),
    expected,
    startedAt: timestampFromDate(startedAt),
    updatedAt: timestampFromDate(updatedAt),
  };
}
