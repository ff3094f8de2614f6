import { mediaTypes } from '../oci/index.ts';
import { formatChunkRange } from '../protocol/index.ts';
import {
  blobDescriptor,
  checkDigest,
  checkRepository,
  openable,
  RegistryError,
  suspendable,
  type ChunkOptions,
  type PlainUpload,
  type Registry,
  type Source,
  type Upload,
} from '../registry/index.ts';
import { headerValue, type RequestBody, type TransportResponse } from '../transport/index.ts';
import { cancelUpload, withDigest } from './begin.ts';
import { sized } from './body.ts';
import { isOwn, type Session } from './session.ts';
import { doubtOf, heldBy, isGone, isThere, minimumOf, uploadCall } from './upload-answer.ts';

/** Ids of uploads that this client keeps in mind at the most. */
const REMEMBERED = 10_000;

export function uploadOperations(session: Session): Pick<Registry, 'startUpload'> {
  // Ids that this client gave out itself. They may name any URL that the registry chose; ids that come from
  // elsewhere could be made up by who wants us to send our credentials somewhere.
  const given = new Set<string>();
  const remember = (repository: string, id: string): void => {
    given.add(`${repository} ${id}`);
    const [oldest] = given;
    if (given.size > REMEMBERED && oldest !== undefined) given.delete(oldest);
  };

  const start = async (
    repository: string,
    query: URLSearchParams | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Upload> => {
    const call = uploadCall('POST', repository, undefined, signal);
    const response = await session.call(
      { ...call, body: openable(new Uint8Array()), ...(query !== undefined && { query }) },
      202,
    );
    return open(session, repository, { response, offset: 0, remember, signal });
  };

  return {
    async startUpload(repository, { resume, offset: known, algorithm, signal } = {}) {
      checkRepository(repository);
      if (resume === undefined) {
        const query =
          algorithm === undefined || algorithm === 'sha256'
            ? undefined
            : new URLSearchParams({ 'digest-algorithm': algorithm });
        return start(repository, query, signal);
      }
      const location = locationOf(session, repository, resume, given.has(`${repository} ${resume}`));
      if (known !== undefined)
        return open(session, repository, { location, offset: known, remember, signal });
      const call = uploadCall('GET', repository, location, signal);
      const response = await session.call(call, 204, 200);
      const offset = heldBy(response) ?? 0;
      return open(session, repository, { response, location, offset, remember, signal });
    },
  };
}

/** The URL behind an id. @throws {RegistryError} `BLOB_UPLOAD_UNKNOWN` for one that is not an upload of this repository. */
function locationOf(session: Session, repository: string, id: string, given: boolean): URL {
  if (URL.canParse(id, session.base.href)) {
    const url = new URL(id, session.base);
    const path = `${session.base.pathname.replace(/\/$/, '')}/v2/${repository}/blobs/upload`;
    // A path with dots is shortened by `URL` before it is compared.
    if (given || (isOwn(session, url) && url.pathname.startsWith(path))) return url;
  }
  throw new RegistryError('BLOB_UPLOAD_UNKNOWN', `not an upload of ${session.host}/${repository}`, {
    status: 404,
    repository,
  });
}

interface Opening {
  /** What the registry answered, if it was asked. */
  readonly response?: TransportResponse;
  /** Where the upload is, if that was known before. */
  readonly location?: URL;
  readonly offset: number;
  readonly remember: (repository: string, id: string) => void;
  readonly signal: AbortSignal | undefined;
}

async function open(
  session: Session,
  repository: string,
  { response, location: known, offset: at, remember, signal }: Opening,
): Promise<Upload> {
  let location = known ?? session.base;
  let offset = at;
  let minimumChunk = 0;
  const moveOn = async (answer: TransportResponse): Promise<void> => {
    await answer.discard();
    const stays = known !== undefined && headerValue(answer.headers, 'location') === undefined;
    if (!stays) location = session.location(answer);
    minimumChunk = minimumOf(session, answer) ?? minimumChunk;
    remember(repository, location.href);
  };
  if (response !== undefined) await moveOn(response);

  const upload: PlainUpload = {
    get id() {
      return location.href;
    },
    get offset() {
      return offset;
    },
    get minimumChunk() {
      return minimumChunk;
    },
    async write(chunk, options = {}) {
      const call = uploadCall('PATCH', repository, location, options.signal ?? signal);
      const { body, headers, sent } = chunkOf(chunk, options, offset);
      const answer = await session.call({ ...call, body, headers, once: true }, 202, 201, 204);
      await moveOn(answer);
      const start = options.offset ?? offset;
      const doubt = doubtOf(session, call, answer, start + sent());
      if (doubt !== undefined) throw doubt;
      offset = start + sent();
    },
    async commit(digest, last) {
      checkDigest(digest);
      const ending = last?.signal ?? signal;
      const call = uploadCall('PUT', repository, withDigest(location, digest), ending);
      const { body, headers, sent } = last === undefined ? EMPTY : chunkOf(last.chunk, last, offset);
      const once = last !== undefined;
      const wasDone = async (refusal: RegistryError): Promise<boolean> =>
        isGone(refusal) && isThere({ session, repository, digest, signal: ending });
      await (await session.call({ ...call, body, headers, once, wasDone }, 201, 204)).discard();
      return blobDescriptor(digest, (last?.offset ?? offset) + sent());
    },
    cancel: () => cancelUpload(session, repository, location),
  };
  return suspendable(upload, repository);
}

interface Chunk {
  readonly body: RequestBody;
  readonly headers: Readonly<Record<string, string>>;
  /** How many bytes went out. */
  readonly sent: () => number;
}

const EMPTY: Chunk = {
  body: openable(new Uint8Array()),
  headers: { 'content-type': mediaTypes.octetStream },
  sent: () => 0,
};

/**
 * A chunk as it is sent. Without a known size it goes as a stream, which has no place, and is appended.
 * @param at where the upload stands as far as we know
 */
function chunkOf(chunk: Source, { offset, size }: ChunkOptions, at: number): Chunk {
  const source = size === undefined ? openable(chunk) : sized(openable(chunk), size);
  const length = size ?? source.bytes?.length;
  let sent = 0;
  const count = async function* (): AsyncGenerator<Uint8Array> {
    sent = 0;
    for await (const piece of source.open()) {
      sent += piece.length;
      yield piece;
    }
  };
  const headers: Record<string, string> = { 'content-type': mediaTypes.octetStream };
  if (length !== undefined && length > 0) headers['content-range'] = formatChunkRange(offset ?? at, length);
  const body: RequestBody = {
    replayable: source.replayable,
    ...(source.bytes !== undefined && { bytes: source.bytes }),
    ...(length !== undefined && { size: length }),
    open: count,
  };
  return { body, headers, sent: () => source.bytes?.length ?? sent };
}
