/**
 * The ways to upload a blob. Each goes up to the closing request, demanding of the steps before it what the
 * specification says, and gives the closing answer for the caller to judge: 201, or 400 for a wrong digest.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-blobs
 */
import { demand, header, headerIs, refused, status } from './answer.ts';
import type { Content } from './content.ts';
import type { Answer } from './http.ts';
import { OCTETS, place, type Registry } from './registry.ts';

/** The chunk that is asked for if the registry has no minimum of its own. */
const CHUNK = 1024;

/** Uploads a blob, up to the answer of the closing request. */
export type Way = (registry: Registry, repository: string, blob: Content) => Promise<Answer>;

/** `POST ?digest=` with the bytes. */
export async function postOnly(
  registry: Registry,
  repository: string,
  { digest, bytes }: Content,
): Promise<Answer> {
  const headers = { 'Content-Type': OCTETS };
  return await registry.post(repository, `?digest=${encodeURIComponent(digest)}`, { headers, body: bytes });
}

/** `POST`, then `PUT ?digest=` with the bytes. The session is not told which algorithm comes. */
export async function postThenPut(
  registry: Registry,
  repository: string,
  { digest, bytes }: Content,
): Promise<Answer> {
  return await registry.close(await registry.open(repository), digest, bytes);
}

/** `POST`, one `PATCH` in HTTP chunks, without `Content-Range` and `Content-Length`, then an empty `PUT`. */
export async function stream(
  registry: Registry,
  repository: string,
  { digest, bytes }: Content,
): Promise<Answer> {
  const session = await registry.open(repository);
  const answer = await registry.send('PATCH', session, {
    headers: { 'Content-Type': OCTETS },
    body: bytes,
    chunked: true,
  });
  return await registry.close(accepted(answer, bytes.length), digest);
}

/** `POST`, one `PATCH` with `Content-Length` but no `Content-Range`, as skopeo and podman send it, then an empty `PUT`. */
export async function streamWithLength(
  registry: Registry,
  repository: string,
  { digest, bytes }: Content,
): Promise<Answer> {
  const session = await registry.open(repository);
  const answer = await registry.send('PATCH', session, { headers: { 'Content-Type': OCTETS }, body: bytes });
  return await registry.close(accepted(answer, bytes.length), digest);
}

/** How {@link chunked} sends. */
export interface Chunking {
  /** The last chunk goes with the closing `PUT`. */
  readonly lastInPut?: boolean;
  /** Before each chunk another one is sent that must be refused. */
  readonly outOfOrder?: boolean;
}

/** `POST`, a `PATCH` for each third of the blob, then `PUT`. */
export function chunked({ lastInPut = false, outOfOrder = false }: Chunking = {}): Way {
  return async (registry, repository, { digest, bytes }) => {
    const opened = status(await registry.post(repository), 202);
    const size = Math.max(Math.ceil(bytes.length / 3), minimum(opened));
    let session = place(opened);
    for (let start = 0; start < bytes.length; start += size) {
      if (outOfOrder)
        session = await misplaced(registry, session, { digest, bytes }, { start, size, lastInPut });
      const end = Math.min(start + size, bytes.length);
      const chunk = bytes.subarray(start, end);
      const headers = { 'Content-Range': `${start}-${end - 1}` };
      if (lastInPut && end === bytes.length) return await registry.close(session, digest, chunk, headers);
      session = accepted(await patch(registry, session, chunk, headers), end);
    }
    return await registry.close(session, digest);
  };
}

/** The size of a blob that takes three chunks here. */
export async function threeChunks(registry: Registry, repository: string): Promise<number> {
  const opened = status(await registry.post(repository), 202);
  await registry.send('DELETE', place(opened));
  return 3 * minimum(opened) - 5;
}

/** Sends a chunk to a session. */
export async function patch(
  registry: Registry,
  session: string,
  body: Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return await registry.send('PATCH', session, { headers: { 'Content-Type': OCTETS, ...headers }, body });
}

/** A chunk was taken, and `held` bytes are there now; gives the session's next place. */
export function accepted(answer: Answer, held: number): string {
  status(answer, 202);
  headerIs(answer, 'Range', `0-${Math.max(held - 1, 0)}`);
  return place(answer);
}

/** The session is alive and holds so many bytes; gives its place. */
export async function alive(registry: Registry, session: string, held: number): Promise<string> {
  const answer = status(await registry.send('GET', session), 204);
  const range = header(answer, 'Range');
  // Nothing held and one byte held look alike: the specification has no way to say "none".
  const wanted = `0-${Math.max(held - 1, 0)}`;
  demand(range === wanted, answer, `Range: ${wanted}`, `Range: ${range}`);
  return place(answer);
}

function minimum(opened: Answer): number {
  const said = opened.headers.get('oci-chunk-min-length')?.[0];
  if (said === undefined) return CHUNK;
  demand(/^[0-9]{1,10}$/.test(said), opened, 'OCI-Chunk-Min-Length in bytes', said);
  return Math.max(Number(said), CHUNK);
}

/** A chunk too far ahead, or the first one again when there is none further: 416, and the session stays as it was. */
async function misplaced(
  registry: Registry,
  session: string,
  { digest, bytes }: Content,
  { start, size, lastInPut }: { readonly start: number; readonly size: number; readonly lastInPut: boolean },
): Promise<string> {
  const from = start + size < bytes.length ? start + size : 0;
  const end = Math.min(from + size, bytes.length);
  const chunk = bytes.subarray(from, end);
  const headers = { 'Content-Range': `${from}-${end - 1}` };
  const answer =
    lastInPut && end === bytes.length
      ? await registry.close(session, digest, chunk, headers)
      : await patch(registry, session, chunk, headers);
  // Of a blob in one chunk, the first one again is the right one.
  demand(from !== start, answer, 'a blob of more than one chunk');
  refused(answer, [416]);
  return await alive(registry, session, start);
}
