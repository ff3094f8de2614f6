import { fromBinary } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { contentStream } from './content-error.ts';
import type { ContentStore } from './content-store.ts';
import { digestAsked, STORE_HEADER, storeFor } from './store-request.ts';
import { ReadContentRequestSchema, type ReadContentRequest } from '../proto/content_pb.ts';
import type { RawMethod } from '../session/attachable.ts';
import { soleMessage } from '../session/sole-message.ts';
import { bytesFieldHead, varint } from '../session/varint.ts';

/** Builders before 0.12 refuse messages of more than 4 MiB. */
const CHUNK = 1024 * 1024;

/** The two fields of an answer: an integer, of which this is what stands before it, and bytes, which are the second field. */
const [OFFSET, BYTES] = [0x08, 2];

/**
 * `Read` of a content store. All that a build is based on goes through here: the bytes are passed on as they came from the
 * store.
 * @see https://github.com/containerd/containerd/blob/main/api/services/content/v1/content.proto
 */
export function readMethod(stores: ReadonlyMap<string, ContentStore>): RawMethod {
  return async ({ messages, metadata, signal, send, room }) => {
    const store = storeFor(metadata(STORE_HEADER)[0], stores);
    const request = fromBinary(ReadContentRequestSchema, await soleMessage(messages));
    for await (const parts of contentStream(request.digest, read(store, request, signal))) {
      await room();
      send(...parts);
    }
  };
}

async function* read(
  store: ContentStore,
  asked: ReadContentRequest,
  signal: AbortSignal,
): AsyncGenerator<readonly Uint8Array[]> {
  const digest = digestAsked(asked.digest);
  const { size: whole } = await store.info(digest, { signal });
  let offset = Math.max(0, Number(asked.offset));
  if (offset > whole) throw new ConnectError(`read past object length ${whole} bytes`, Code.OutOfRange);
  const rest = whole - offset;
  const size = asked.size <= 0 || asked.size > rest ? rest : Number(asked.size);
  if (size === 0) return;
  for await (const bytes of store.read(digest, { offset, size, signal })) {
    for (let at = 0; at < bytes.length; at += CHUNK) {
      const piece = bytes.subarray(at, at + CHUNK);
      yield [answerHead(offset, piece.length), piece];
      offset += piece.length;
    }
  }
}

/**
 * What goes before the bytes of a `ReadContentResponse`.
 * @param offset where in the whole they belong
 * @param length how many there are
 */
export function answerHead(offset: number, length: number): Uint8Array {
  const place = offset === 0 ? [] : [OFFSET, ...varint(offset)];
  return Uint8Array.from([...place, ...bytesFieldHead(BYTES, length)]);
}
