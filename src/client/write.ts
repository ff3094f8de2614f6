import { repositoryScope, unionScopes, type Scope } from '../auth/index.ts';
import {
  digestOf,
  isDigest,
  mediaTypes,
  verifiableAlgorithm,
  type Descriptor,
  type Digest,
} from '../oci/index.ts';
import { fields, MOST_TAGS } from '../protocol/index.ts';
import {
  checkDigest,
  checkManifest,
  checkRepository,
  checkTag,
  isRegistryError,
  openable,
  RegistryError,
  type OpenableSource,
  type PushedManifest,
  type PushManifestOptions,
  type Registry,
} from '../registry/index.ts';
import { headerValue, headerValues, type RequestBody, type TransportResponse } from '../transport/index.ts';
import type { ReferrersApi } from './referrers.ts';
import type { Call, Session } from './session.ts';

type Write = Pick<Registry, 'pushBlob' | 'mountBlob' | 'pushManifest'>;

export function writeOperations(session: Session, referrersApi: ReferrersApi): Write {
  // Whether the registry heeds `tag=`: unknown until it was tried once.
  let takesTags: boolean | undefined;

  const putManifest = async (
    repository: string,
    reference: string,
    bytes: Uint8Array,
    mediaType: string,
    options: PutOptions,
  ): Promise<TransportResponse> => {
    const call: Call = {
      method: 'PUT',
      route: { kind: 'manifest', repository, reference },
      ...(options.tags !== undefined && {
        query: new URLSearchParams(options.tags.map((tag): [string, string] => ['tag', tag])),
      }),
      headers: { 'content-type': mediaType },
      body: openable(bytes),
      scope: repositoryScope(repository, 'pull', 'push'),
      signal: options.signal,
    };
    const response = await session.call(call, 201, 200);
    await response.discard();
    const stored = headerValue(response.headers, fields.contentDigest);
    if (
      stored !== undefined &&
      isDigest(stored) &&
      verifiableAlgorithm(stored) === verifiableAlgorithm(options.digest) &&
      stored !== options.digest
    ) {
      throw session.invalid(
        call,
        'DIGEST_MISMATCH',
        `pushed ${options.digest}, the registry stored ${stored}`,
      );
    }
    return response;
  };

  return {
    async mountBlob(repository, digest, from, { signal } = {}) {
      const { location } = await begin(session, repository, checkDigest(digest), {
        mount: true,
        from,
        signal,
      });
      if (location === undefined) return true;
      await cancelUpload(session, repository, location);
      return false;
    },

    async pushBlob(repository, { digest, size }, source, { mountFrom, signal } = {}) {
      const descriptor: Descriptor = { mediaType: mediaTypes.octetStream, digest: checkDigest(digest), size };
      const { location } = await begin(session, repository, digest, {
        mount: mountFrom !== undefined,
        from: mountFrom,
        signal,
      });
      if (location === undefined) return descriptor;
      try {
        const call: Call = {
          method: 'PUT',
          route: { kind: 'uploads', repository },
          url: withDigest(location, digest),
          headers: { 'content-type': mediaTypes.octetStream },
          body: sized(openable(source), size),
          scope: repositoryScope(repository, 'pull', 'push'),
          signal,
        };
        await (await session.call(call, 201, 204)).discard();
      } catch (error) {
        await cancelUpload(session, repository, location);
        throw error;
      }
      return descriptor;
    },

    async pushManifest(repository, bytes, options) {
      checkRepository(repository);
      const { tags = [], signal, mediaType } = options;
      tags.forEach(checkTag);
      const { manifest, descriptor } = describe(bytes, options);
      const { digest } = descriptor;
      const put = (reference: string, more?: readonly string[]): Promise<TransportResponse> =>
        putManifest(repository, reference, bytes, mediaType, {
          digest,
          signal,
          ...(more !== undefined && { tags: more }),
        });

      const subject = manifest?.subject?.digest;
      let noted: Digest | undefined;
      const rest = [...tags];
      // One tag goes by its own name. A digest that is not sha256, or several tags, go by digest, with the tags beside it.
      const byDigest =
        tags.length === 0 ||
        verifiableAlgorithm(digest) !== 'sha256' ||
        (tags.length > 1 && takesTags !== false);
      if (byDigest) {
        const beside = takesTags === false ? [] : rest.slice(0, MOST_TAGS);
        const response =
          beside.length > 0 ? await put(digest, beside).catch(unlessTooLong) : await put(digest);
        if (response !== undefined) {
          noted = subjectOf(response, subject);
          const taken = tagsOf(response);
          if (beside.length > 0) takesTags = taken.size > 0;
          rest.splice(0, rest.length, ...rest.filter((tag) => !taken.has(tag)));
        } else if (verifiableAlgorithm(digest) !== 'sha256') {
          noted = subjectOf(await put(digest), subject);
        }
      }
      for (const tag of rest) noted = subjectOf(await put(tag), subject) ?? noted;
      if (subject !== undefined && noted === undefined && manifest !== undefined) {
        await referrersApi.add(repository, subject, manifest, descriptor, signal);
        noted = subject;
      }
      return {
        descriptor,
        tags: [...tags],
        ...(noted !== undefined && { subject: noted }),
      } satisfies PushedManifest;
    },
  };
}

interface PutOptions {
  readonly digest: Digest;
  readonly tags?: readonly string[];
  readonly signal: AbortSignal | undefined;
}

/** A client may push what only the registry can judge, so a form that we do not know is no reason to refuse it here. */
function describe(
  bytes: Uint8Array,
  options: PushManifestOptions,
): Partial<Pick<ReturnType<typeof checkManifest>, 'manifest'>> & { descriptor: Descriptor } {
  try {
    return checkManifest(bytes, options);
  } catch (error) {
    if (!isRegistryError(error) || error.code !== 'MANIFEST_INVALID' || error.status === 413) throw error;
    const digest = options.digest ?? digestOf(bytes);
    return { descriptor: { mediaType: options.mediaType, digest, size: bytes.length } };
  }
}

interface BeginOptions {
  readonly mount: boolean;
  readonly from: string | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Starts an upload, or has the blob mounted: then there is no location. */
async function begin(
  session: Session,
  repository: string,
  digest: Digest,
  { mount, from, signal }: BeginOptions,
): Promise<{ location?: URL }> {
  checkRepository(repository);
  if (from !== undefined) checkRepository(from);
  const push = repositoryScope(repository, 'pull', 'push');
  const start = (query: URLSearchParams | undefined, scope: Scope): Promise<TransportResponse> =>
    session.call(
      {
        method: 'POST',
        route: { kind: 'uploads', repository },
        ...(query !== undefined && { query }),
        body: openable(new Uint8Array()),
        scope,
        signal,
      },
      202,
      201,
    );
  let response: TransportResponse;
  if (mount) {
    const query = new URLSearchParams({ mount: digest, ...(from !== undefined && { from }) });
    const scope =
      from === undefined || from === repository ? push : unionScopes(push, repositoryScope(from, 'pull'));
    try {
      response = await start(query, scope);
    } catch (error) {
      // Registries that do not mount should answer 202; some refuse instead, or do not let us read there.
      if (
        !isRegistryError(error) ||
        error.status === undefined ||
        error.status >= 500 ||
        error.status === 429
      )
        throw error;
      response = await start(undefined, push);
    }
  } else {
    response = await start(undefined, push);
  }
  await response.discard();
  if (response.status === 201 && mount) return {};
  return { location: session.location(response) };
}

/** Gives an upload up. What the registry makes of it does not matter: it drops it itself after a while. */
export async function cancelUpload(session: Session, repository: string, location: URL): Promise<void> {
  const scope = repositoryScope(repository, 'pull', 'push');
  await session
    .call(
      {
        method: 'DELETE',
        route: { kind: 'uploads', repository },
        url: location,
        scope,
        signal: AbortSignal.timeout(5000),
      },
      204,
      202,
      200,
    )
    .then((response) => response.discard())
    .catch(() => {});
}

/** The URL that ends an upload. The rest of its query is the registry's own, and stays as it is written. */
export function withDigest(location: URL, digest: Digest): URL {
  const url = new URL(location);
  url.search = `${url.search === '' ? '?' : `${url.search}&`}digest=${encodeURIComponent(digest)}`;
  return url;
}

/** A body that fails when it is not as long as it was said to be, instead of being sent cut or padded. */
function sized(source: OpenableSource, size: number): RequestBody {
  const { bytes } = source;
  if (bytes !== undefined) {
    if (bytes.length !== size) throw wrongSize(size, bytes.length);
    return { ...source, size };
  }
  return { replayable: source.replayable, size, open: () => counted(source.open(), size) };
}

async function* counted(stream: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array> {
  let seen = 0;
  for await (const chunk of stream) {
    seen += chunk.length;
    if (seen > size) throw wrongSize(size, seen);
    yield chunk;
  }
  if (seen < size) throw wrongSize(size, seen);
}

function wrongSize(size: number, seen: number): RegistryError {
  return new RegistryError(
    'SIZE_INVALID',
    `the source should have ${size} bytes, it has ${seen > size ? 'more' : seen}`,
    { status: 400 },
  );
}

/** So many tags were more than the registry takes at once, which need not be as many as we would send. */
function unlessTooLong(error: unknown): undefined {
  if (!isRegistryError(error) || (error.status !== 414 && error.status !== 431)) throw error;
}

/** The tags that the registry says it has set: a comma list, or the field several times. */
function tagsOf(response: TransportResponse): ReadonlySet<string> {
  return new Set(
    headerValues(response.headers, fields.tag).flatMap((value) => value.split(',').map((tag) => tag.trim())),
  );
}

function subjectOf(response: TransportResponse, subject: Digest | undefined): Digest | undefined {
  return subject !== undefined && headerValue(response.headers, fields.subject) !== undefined
    ? subject
    : undefined;
}
