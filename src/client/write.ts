import { repositoryScope } from '../auth/index.ts';
import { digestOf, isDigest, verifiableAlgorithm, type Descriptor, type Digest } from '../oci/index.ts';
import { fields, MOST_TAGS } from '../protocol/index.ts';
import {
  checkDigest,
  checkManifest,
  checkRepository,
  checkTag,
  isRegistryError,
  openable,
  type PushedManifest,
  type PushManifestOptions,
  type Registry,
} from '../registry/index.ts';
import { headerValue, headerValues, type TransportResponse } from '../transport/index.ts';
import { cancelUpload, mountOrBegin } from './begin.ts';
import type { ReferrersApi } from './referrers.ts';
import type { Call, Session } from './session.ts';

type Write = Pick<Registry, 'mountBlob' | 'pushManifest'>;

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
      checkRepository(repository);
      const begun = await mountOrBegin(session, repository, checkDigest(digest), { from, signal });
      if (begun === undefined) return true;
      await cancelUpload(session, repository, begun.location);
      return false;
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
      if (noted !== undefined) referrersApi.noted(repository);
      else if (subject !== undefined && manifest !== undefined) {
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

/** So many tags were more than the registry takes at once, which need not be as many as we would send. */
function unlessTooLong(error: unknown): undefined {
  if (!isRegistryError(error) || (error.status !== 414 && error.status !== 431)) throw error;
}
