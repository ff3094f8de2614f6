import { repositoryScope } from '../auth/index.ts';
import {
  Invalid,
  mediaTypes,
  parseManifest,
  referrerDescriptor,
  withoutParameters,
  type Descriptor,
  type Digest,
  type Index,
  type Manifest,
} from '../oci/index.ts';
import { referrersTag } from '../protocol/index.ts';
import {
  checkDigest,
  checkRepository,
  errorCode,
  isNotFound,
  openable,
  RegistryError,
  type ReferrersOptions,
} from '../registry/index.ts';
import { headerValue, type TransportResponse } from '../transport/index.ts';
import { pages } from './page.ts';
import { readOperations } from './read.ts';
import type { Call, Session } from './session.ts';

/** More than this no image has: it is a list without end, or made to fill our memory. */
const MOST_REFERRERS = 100_000;

/**
 * Referrers, by the registry's API, or by the tag that stands for it where there is none.
 * @see https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#unavailable-referrers-api
 */
export interface ReferrersApi {
  list(repository: string, digest: Digest, options?: ReferrersOptions): AsyncIterable<Descriptor>;
  /** The registry has noted a referrer by itself, and so has the API. */
  noted(repository: string): void;
  /** Notes a referrer that was pushed, under the subject's tag. */
  add(
    repository: string,
    subject: Digest,
    manifest: Manifest,
    descriptor: Descriptor,
    signal?: AbortSignal,
  ): Promise<void>;
  /** What is to be done after this manifest is deleted: only where the registry is known to have no API. */
  beforeDelete(
    repository: string,
    digest: Digest,
    signal?: AbortSignal,
  ): Promise<(() => Promise<void>) | undefined>;
}

export function createReferrersApi(session: Session): ReferrersApi {
  const read = readOperations(session);
  // The tag is read, changed and written: one after the other. Against other processes registries offer nothing.
  const turns = new Map<string, Promise<void>>();
  const inTurn = (repository: string, subject: Digest, change: () => Promise<void>): Promise<void> => {
    const key = `${repository}@${subject}`;
    const turn = (turns.get(key) ?? Promise.resolve()).then(change, change);
    turns.set(key, turn);
    const done = (): void => {
      if (turns.get(key) === turn) turns.delete(key);
    };
    turn.then(done, done);
    return turn;
  };
  // Learnt from the first answer. By repository: some registries answer 404 for one that is not there, too.
  const hasApi = new Map<string, boolean>();

  const readFallback = async (
    repository: string,
    subject: Digest,
    signal?: AbortSignal,
  ): Promise<Index | undefined> => {
    const options = signal === undefined ? {} : { signal };
    try {
      const content = await read.getManifest(repository, referrersTag(subject), options);
      const manifest = parseManifest(await content.bytes(), content.descriptor.mediaType);
      if (manifest.kind === 'index') return manifest.document;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      if (!(error instanceof Invalid)) throw error;
    }
    throw new RegistryError(
      'MANIFEST_INVALID',
      `${session.host}/${repository}:${referrersTag(subject)} is no index, though it stands where referrers are listed`,
      { repository },
    );
  };

  const writeFallback = async (
    repository: string,
    subject: Digest,
    index: Index,
    signal?: AbortSignal,
  ): Promise<void> => {
    const call: Call = {
      method: 'PUT',
      route: { kind: 'manifest', repository, reference: referrersTag(subject) },
      headers: { 'content-type': mediaTypes.ociIndex },
      body: openable(new TextEncoder().encode(JSON.stringify(index))),
      scope: repositoryScope(repository, 'pull', 'push'),
      signal,
    };
    await (await session.call(call, 201)).discard();
  };

  return {
    async *list(repository, digest, { artifactType, signal } = {}) {
      checkRepository(repository);
      checkDigest(digest);
      const seen = new Set<Digest>();
      // Entries are filtered here also where the registry says that it did: looking again costs nothing.
      for await (const descriptor of hasApi.get(repository) === false
        ? fallback(repository, digest, signal)
        : api(repository, digest, artifactType, signal, seen)) {
        if (seen.has(descriptor.digest)) continue;
        seen.add(descriptor.digest);
        if (artifactType === undefined || descriptor.artifactType === artifactType) yield descriptor;
      }
    },

    noted: (repository) => void hasApi.set(repository, true),

    async add(repository, subject, manifest, descriptor, signal) {
      hasApi.set(repository, false);
      await inTurn(repository, subject, async () => {
        const index = (await readFallback(repository, subject, signal)) ?? EMPTY_INDEX;
        if (index.manifests.some(({ digest }) => digest === descriptor.digest)) return;
        await writeFallback(
          repository,
          subject,
          { ...index, manifests: [...index.manifests, referrerDescriptor(manifest, descriptor)] },
          signal,
        );
      });
    },

    async beforeDelete(repository, digest, signal) {
      if (hasApi.get(repository) !== false) return undefined;
      const content = await read.getManifest(repository, digest, signal === undefined ? {} : { signal });
      const bytes = await content.bytes();
      const subject = subjectOf(bytes, content.descriptor.mediaType);
      if (subject === undefined) return undefined;
      return () =>
        inTurn(repository, subject, async () => {
          const index = await readFallback(repository, subject, signal);
          if (!index?.manifests.some((entry) => entry.digest === digest)) return;
          await writeFallback(
            repository,
            subject,
            { ...index, manifests: index.manifests.filter((entry) => entry.digest !== digest) },
            signal,
          );
        });
    },
  };

  async function* api(
    repository: string,
    digest: Digest,
    artifactType: string | undefined,
    signal: AbortSignal | undefined,
    seen: ReadonlySet<Digest>,
  ): AsyncGenerator<Descriptor> {
    const call: Call = {
      method: 'GET',
      route: { kind: 'referrers', repository, digest },
      ...(artifactType !== undefined && { query: new URLSearchParams({ artifactType }) }),
      headers: { accept: mediaTypes.ociIndex },
      scope: repositoryScope(repository, 'pull'),
      signal,
    };
    let before = 0;
    const fresh = (): boolean => seen.size > before;
    try {
      for await (const { document, response } of pages(session, call, { fresh })) {
        hasApi.set(repository, true);
        before = seen.size;
        if (before > MOST_REFERRERS)
          throw session.invalid(
            call,
            'PAGINATION_REFUSED',
            `there are more than ${MOST_REFERRERS} referrers`,
          );
        yield* entriesOf(session, call, document, response);
      }
    } catch (error) {
      // Only "there is no such endpoint" means that; a refusal or a failure is not an empty list.
      if (!(error instanceof RegistryError) || error.status !== 404 || hasApi.get(repository) === true)
        throw error;
      hasApi.set(repository, false);
      yield* fallback(repository, digest, signal);
    }
  }

  async function* fallback(
    repository: string,
    digest: Digest,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Descriptor> {
    try {
      yield* (await readFallback(repository, digest, signal))?.manifests ?? [];
    } catch (error) {
      // Who only reads takes a tag that is something else for no list at all, as the specification says.
      if (errorCode(error) !== 'MANIFEST_INVALID') throw error;
    }
  }
}

const EMPTY_INDEX: Index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] };

function entriesOf(
  session: Session,
  call: Call,
  document: unknown,
  response: TransportResponse,
): readonly Descriptor[] {
  const type = withoutParameters(headerValue(response.headers, 'content-type') ?? '');
  if (type !== mediaTypes.ociIndex)
    throw session.invalid(
      call,
      'RESPONSE_INVALID',
      `referrers came as "${type.slice(0, 80)}", not as an index`,
    );
  return parseIndex(session, call, document).manifests;
}

function parseIndex(session: Session, call: Call, document: unknown): Index {
  try {
    const manifest = parseManifest(new TextEncoder().encode(JSON.stringify(document)), mediaTypes.ociIndex);
    if (manifest.kind === 'index') return manifest.document;
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    throw session.invalid(call, 'RESPONSE_INVALID', `the list of referrers is no index: ${error.message}`);
  }
  throw session.invalid(call, 'RESPONSE_INVALID', 'the list of referrers is no index');
}

function subjectOf(bytes: Uint8Array, mediaType: string): Digest | undefined {
  try {
    return parseManifest(bytes, mediaType).subject?.digest;
  } catch {
    return undefined;
  }
}
