/**
 * The requests of the distribution API, in the words of its endpoints. They send and resolve; they judge nothing
 * but what a later request needs.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#endpoints
 */
import { header, status } from './answer.ts';
import type { Target } from './case.ts';
import type { Content } from './content.ts';
import { Connection, type Answer, type Message } from './http.ts';
import { MANIFEST_TYPES } from './mediatype.ts';

export const OCTETS = 'application/octet-stream';

/** The registry under test. */
export class Registry {
  readonly target: Target;
  readonly #connection: Connection;

  constructor(target: Target) {
    this.target = target;
    this.#connection = new Connection(target);
  }

  /** The repository that most is pushed to. */
  get one(): string {
    return this.target.repositories[0];
  }

  /** The other one: the source of mounts, and the one where nothing of the first may be seen. */
  get two(): string {
    return this.target.repositories[1];
  }

  /** Any request: `path` is a raw path, or a place that {@link place} gave. */
  send(method: string, path: string, message?: Message): Promise<Answer> {
    return this.#connection.send(method, path, message);
  }

  blob(
    method: 'GET' | 'HEAD' | 'DELETE',
    repository: string,
    digest: string,
    message?: Message,
  ): Promise<Answer> {
    return this.send(method, `/v2/${repository}/blobs/${digest}`, message);
  }

  /** Reads or deletes a manifest; asks for every type that the suite pushes. */
  manifest(method: 'GET' | 'HEAD' | 'DELETE', repository: string, reference: string): Promise<Answer> {
    const headers = method === 'DELETE' ? {} : { Accept: MANIFEST_TYPES.join(', ') };
    return this.send(method, `/v2/${repository}/manifests/${reference}`, { headers });
  }

  /** @param reference a tag or a digest, with a query if there is one. */
  putManifest(repository: string, reference: string, body: Uint8Array, mediaType: string): Promise<Answer> {
    const headers = { 'Content-Type': mediaType };
    return this.send('PUT', `/v2/${repository}/manifests/${reference}`, { headers, body });
  }

  tags(repository: string, query = ''): Promise<Answer> {
    return this.send('GET', `/v2/${repository}/tags/list${query}`);
  }

  referrers(repository: string, digest: string, artifactType?: string): Promise<Answer> {
    const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
    return this.send('GET', `/v2/${repository}/referrers/${digest}${query}`);
  }

  /** Asks for an upload session, or with a query for a mount or a push in one request. */
  post(repository: string, query = '', message?: Message): Promise<Answer> {
    return this.send('POST', `/v2/${repository}/blobs/uploads/${query}`, message);
  }

  /** Opens an upload session and gives its place. */
  async open(repository: string, query = ''): Promise<string> {
    return place(status(await this.post(repository, query), 202));
  }

  /** Closes a session; with bytes, they are the last chunk. */
  close(
    session: string,
    digest: string,
    body?: Uint8Array,
    headers: Message['headers'] = {},
  ): Promise<Answer> {
    const type = body === undefined ? {} : { 'Content-Type': OCTETS };
    return this.send('PUT', closing(session, digest), { headers: { ...type, ...headers }, body });
  }

  /** Pushes blobs that a case needs, by POST and PUT. */
  async push(repository: string, ...blobs: readonly Content[]): Promise<void> {
    for (const { digest, bytes } of blobs) {
      status(await this.close(await this.open(repository), digest, bytes), 201);
    }
  }
}

/** Where the `Location` of an answer leads: kept as it was written, made absolute only if it is relative to the path. */
export function place(answer: Answer): string {
  const location = header(answer, 'Location');
  if (/^(https?:\/)?\//i.test(location)) return location;
  const { pathname, search } = new URL(location, new URL(answer.path, 'http://127.0.0.1'));
  return pathname + search;
}

/** The place of a session, asked to close with this digest. */
function closing(session: string, digest: string): string {
  return `${session}${session.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
}
