/**
 * The referrers of a manifest: who is listed, as what, and who is not.
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
 */
import { bodyIs, demand, headerIs, headerList, isObject, jsonObject, refused, status } from './answer.ts';
import { group, once, type Case } from './case.ts';
import { randomContent } from './content.ts';
import {
  artifact,
  describe,
  index,
  imageManifest,
  nobody,
  type Descriptor,
  type Document,
} from './documents.ts';
import type { Answer } from './http.ts';
import { INDEX, MANIFEST, STRANGER } from './mediatype.ts';
import type { Registry } from './registry.ts';

/** The list has exactly these: no other, none twice. */
export function readReferrers(answer: Answer, wanted: readonly Document[]): void {
  const { schemaVersion, mediaType, manifests } = jsonObject(status(answer, 200));
  headerIs(answer, 'Content-Type', INDEX);
  demand(
    schemaVersion === 2 && mediaType === INDEX,
    answer,
    'an index, with its schemaVersion and mediaType',
  );
  demand(Array.isArray(manifests), answer, '"manifests", an array and never null');
  const listed = (manifests as unknown[]).map(entry).sort();
  const expected = wanted.map((document) => entry(asReferrer(document))).sort();
  demand(
    listed.join('\n') === expected.join('\n'),
    answer,
    `[${expected.join(', ')}]`,
    `[${listed.join(', ')}]`,
  );
}

/** How a manifest is listed: an image without a type of its own by its config's, an index without one without. */
function asReferrer({ digest, bytes, mediaType, artifactType, annotations }: Document): Partial<Descriptor> {
  const { config } = JSON.parse(bytes.toString('utf8')) as { readonly config?: Descriptor };
  const type = artifactType ?? config?.mediaType;
  return {
    mediaType,
    digest,
    size: bytes.length,
    ...(type !== undefined && { artifactType: type }),
    ...(annotations !== undefined && { annotations }),
  };
}

/** The parts of an entry that are compared, in one order; no annotations and empty ones are the same. */
function entry(value: unknown): string {
  if (!isObject(value)) return JSON.stringify(value);
  const { digest, mediaType, size, artifactType, annotations } = value;
  const sorted = isObject(annotations)
    ? Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1))
    : [];
  return JSON.stringify({ digest, mediaType, size, artifactType, annotations: Object.fromEntries(sorted) });
}

/** The list of a subject, whole and by each type. */
export async function listed(
  registry: Registry,
  subject: string,
  wanted: readonly Document[],
): Promise<void> {
  readReferrers(await registry.referrers(registry.one, subject), wanted);
  const typeOf = (document: Document): string | undefined => asReferrer(document).artifactType;
  for (const type of new Set(wanted.map(typeOf))) {
    if (type !== undefined)
      await filtered(
        registry,
        subject,
        type,
        wanted.filter((it) => typeOf(it) === type),
      );
  }
}

async function filtered(
  registry: Registry,
  subject: string,
  type: string,
  wanted: readonly Document[],
): Promise<void> {
  const answer = await registry.referrers(registry.one, subject, type);
  readReferrers(answer, wanted);
  const applied = headerList(answer, 'OCI-Filters-Applied');
  demand(applied.includes('artifactType'), answer, 'OCI-Filters-Applied: artifactType', applied.join());
}

export function referrerCases(registry: Registry): Case[] {
  const { one, two } = registry;
  const put = async (document: Document, reference = document.digest): Promise<Answer> =>
    status(await registry.putManifest(one, reference, document.bytes, document.mediaType), 201);
  const pushed = once(async () => {
    const subject = nobody();
    const { manifest, blob } = artifact({ subject, artifactType: STRANGER });
    await registry.push(one, blob);
    return { subject: subject.digest, manifest, answer: await put(manifest) };
  });
  return group('referrers', {
    'OCI-Subject names the subject': async () => {
      const { subject, answer } = await pushed();
      headerIs(answer, 'OCI-Subject', subject);
    },
    'a referrer pushed before its subject is listed': async () => {
      const { subject, manifest } = await pushed();
      await listed(registry, subject, [manifest]);
    },
    'a referrer pushed again, and by a tag, is listed once': async () => {
      const { subject, manifest } = await pushed();
      await put(manifest);
      headerIs(await put(manifest, 'referrer'), 'OCI-Subject', subject);
      await listed(registry, subject, [manifest]);
    },
    'a type that no referrer has: an empty list, filtered': async () => {
      const { subject } = await pushed();
      await filtered(registry, subject, 'application/vnd.example.nobody', []);
    },
    'the list of another repository is its own': async () => {
      const { subject } = await pushed();
      readReferrers(await registry.referrers(two, subject), []);
    },
    'a digest that is none: 400': async () => {
      for (const digest of [
        'sha256:bad',
        'sha256',
        'latest',
        `sha256:${'A'.repeat(64)}`,
        'sha256:..%2f..%2fetc',
      ]) {
        status(await registry.referrers(one, digest), 400);
      }
      refused(await registry.referrers(one, 'sha256:bad'), [400], ['DIGEST_INVALID']);
    },
    'a referrer of a subject by its sha512 digest': async () => {
      const subject = describe(randomContent(40, 'sha512'), MANIFEST);
      const { manifest, blob } = artifact({ subject });
      await registry.push(one, blob);
      headerIs(await put(manifest), 'OCI-Subject', subject.digest);
      await listed(registry, subject.digest, [manifest]);
    },
    'a referrer with a sha512 digest of its own': async () => {
      const subject = nobody();
      const { manifest, blob } = artifact({ subject, algorithm: 'sha512' });
      await registry.push(one, blob);
      await put(manifest);
      await listed(registry, subject.digest, [manifest]);
    },
    'an empty artifactType is as none': async () => {
      const subject = nobody();
      const { blob } = artifact();
      const image = imageManifest(describe(blob, STRANGER), [], { artifactType: '', subject });
      const list = index([], { artifactType: '', subject });
      await registry.push(one, blob);
      await put(image);
      await put(list);
      const unset = [image, list].map((document) => ({ ...document, artifactType: undefined }));
      readReferrers(await registry.referrers(one, subject.digest), unset);
    },
    'fifty referrers are all listed': async () => {
      const subject = nobody();
      const all = Array.from({ length: 50 }, () => artifact({ subject, annotations: { a: 'b' } }));
      await Promise.all(all.map(({ blob }) => registry.push(one, blob)));
      await Promise.all(all.map(({ manifest }) => put(manifest)));
      await listed(
        registry,
        subject.digest,
        all.map(({ manifest }) => manifest),
      );
    },
    'a referrer that was deleted is not listed': async () => {
      const { subject, manifest } = await pushed();
      bodyIs(status(await registry.manifest('GET', one, manifest.digest), 200), manifest.bytes);
      status(await registry.manifest('DELETE', one, manifest.digest), 202);
      await listed(registry, subject, []);
    },
  });
}
