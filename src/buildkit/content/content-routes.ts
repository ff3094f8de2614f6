import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type ConnectRouter, type HandlerContext } from '@connectrpc/connect';
import type { Digest } from '../../oci/index.ts';
import { contentCall, contentStream } from './content-error.ts';
import type { ContentInfo, ContentStore, IngestStatus } from './content-store.ts';
import { writeContent } from './content-write.ts';
import { readMethod } from './read-content.ts';
import { digestAsked, STORE_HEADER, storeFor } from './store-request.ts';
import { Content } from '../proto/content_pb.ts';
import type { RawMethods } from '../session/attachable.ts';

/** As many as containerd puts into one message of a list. */
const BATCH = 100;

/**
 * The methods of a content store, as containerd's server answers them.
 * @see https://github.com/containerd/containerd/blob/main/plugins/services/content/contentserver/contentserver.go
 */
export function contentRoutes(
  router: ConnectRouter,
  raw: RawMethods,
  stores: ReadonlyMap<string, ContentStore>,
): void {
  const storeOf = ({ requestHeader }: HandlerContext): ContentStore =>
    storeFor(requestHeader.get(STORE_HEADER), stores);
  raw.set(`/${Content.typeName}/${Content.method.read.name}`, readMethod(stores));
  router.service(Content, {
    info: ({ digest }, context) =>
      contentCall(digest, async () => {
        const { signal } = context;
        return { info: infoMessage(await storeOf(context).info(digestAsked(digest), { signal })) };
      }),
    list: ({ filters }, context) =>
      contentStream('the list', listContent(storeOf(context), filters, context)),
    status: ({ ref }, context) => {
      const found = storeOf(context)
        .writes?.statuses()
        .find((status) => status.ref === ref);
      if (found === undefined)
        throw new ConnectError(`no write under way for ref "${ref}": not found`, Code.NotFound);
      return { status: statusMessage(found) };
    },
    listStatuses: (_request, context) => ({
      statuses: (storeOf(context).writes?.statuses() ?? []).map(statusMessage),
    }),
    write: (requests, context) => {
      const store = storeOf(context);
      return contentStream('the write', writeContent(store, requests, context.signal));
    },
    abort: ({ ref }, context) =>
      contentCall(ref, async () => {
        const found = await storeOf(context).writes?.abort(ref, { signal: context.signal });
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
