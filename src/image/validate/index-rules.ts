import {
  annotations as keys,
  ATTESTATION_MANIFEST,
  isObject,
  mediaTypes,
  type Json,
} from '../../oci/index.ts';
import { DOCUMENT_LIMIT } from '../../registry/index.ts';
import { annotationRules, descriptorRules, digestRules, mediaTypeRules } from './descriptor.ts';
import { must, official, oneOf, shown, within, type Finding } from './finding.ts';
import type { JsonObject, RuleOptions } from './rule-options.ts';

/** The artifact type that BuildKit's newer attestations say, in their manifests and descriptors. */
export const ATTESTATION_TYPE = 'application/vnd.docker.attestation.manifest.v1+json';

/**
 * An image index, or a Docker manifest list.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
 */
export function* indexRules(document: JsonObject, options: RuleOptions = {}): Generator<Finding> {
  yield* commonRules(document, [mediaTypes.ociIndex, mediaTypes.dockerList]);
  const { artifactType, manifests } = document;
  if (artifactType !== undefined) yield official('/artifactType', `want none, got ${shown(artifactType)}`);
  if (!Array.isArray(manifests)) {
    return yield must('/manifests', `want a list of descriptors, got ${shown(manifests)}`);
  }
  const entries = manifests as readonly Json[];
  const digests = new Set(entries.map((entry) => (isObject(entry) ? entry['digest'] : undefined)));
  for (const [at, entry] of entries.entries()) {
    const pointer = within('/manifests', at);
    yield* descriptorRules(entry, pointer);
    if (isObject(entry)) yield* entryRules(entry, pointer, digests, options);
  }
}

/** What all manifests have in common. */
export function* commonRules(document: JsonObject, types: readonly string[]): Generator<Finding> {
  const { schemaVersion, mediaType, artifactType, subject, annotations } = document;
  if (schemaVersion !== 2) yield must('/schemaVersion', `want 2, got ${shown(schemaVersion)}`);
  // The specification says SHOULD here.
  if (mediaType === undefined) yield official('/mediaType', `is missing: want ${types.join(' or ')}`);
  else yield* oneOf(mediaType, types, '/mediaType', must);
  if (artifactType !== undefined) yield* mediaTypeRules(artifactType, '/artifactType');
  if (subject !== undefined) yield* descriptorRules(subject, '/subject');
  if (annotations !== undefined) yield* annotationRules(annotations, '/annotations');
}

function* entryRules(
  entry: JsonObject,
  pointer: string,
  digests: ReadonlySet<Json | undefined>,
  { platformsOptional = false }: RuleOptions,
): Generator<Finding> {
  const { mediaType, size, platform, artifactType } = entry;
  const types = [
    mediaTypes.ociIndex,
    mediaTypes.dockerList,
    mediaTypes.ociManifest,
    mediaTypes.dockerManifest,
  ];
  yield* oneOf(mediaType, types, within(pointer, 'mediaType'), official);
  if (typeof size === 'number' && size >= 0 && size <= 2)
    yield official(within(pointer, 'size'), `no manifest is as small as ${size} bytes`);
  if (typeof size === 'number' && size > DOCUMENT_LIMIT)
    yield official(
      within(pointer, 'size'),
      `want ${DOCUMENT_LIMIT} bytes or less, which is what registries take`,
    );
  if (platform === undefined && !platformsOptional) yield official(within(pointer, 'platform'), 'is missing');
  const annotations = isObject(entry['annotations']) ? entry['annotations'] : undefined;
  const attests = [keys.buildkitReferenceType, keys.buildkitReferenceDigest].some(
    (key) => annotations?.[key] !== undefined,
  );
  if (annotations !== undefined && attests) yield* attestationRules(entry, annotations, pointer, digests);
  else yield* oneOf(artifactType, [undefined], within(pointer, 'artifactType'), official);
}

/**
 * The entry of an attestation of BuildKit's.
 * @see https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
 */
function* attestationRules(
  { mediaType, artifactType, platform }: JsonObject,
  annotations: JsonObject,
  pointer: string,
  digests: ReadonlySet<Json | undefined>,
): Generator<Finding> {
  yield* oneOf(mediaType, [mediaTypes.ociManifest], within(pointer, 'mediaType'), official);
  yield* oneOf(artifactType, [undefined, ATTESTATION_TYPE], within(pointer, 'artifactType'), official);
  const said = within(pointer, 'annotations');
  const kind = annotations[keys.buildkitReferenceType];
  yield* oneOf(kind, [ATTESTATION_MANIFEST], within(said, keys.buildkitReferenceType), official);
  const subject = annotations[keys.buildkitReferenceDigest];
  const place = within(said, keys.buildkitReferenceDigest);
  const malformed = [...digestRules(subject, place)];
  for (const { message } of malformed) yield official(place, message);
  if (malformed.length === 0 && !digests.has(subject))
    yield official(place, `${shown(subject)} is not in this index`);
  if (!isObject(platform)) return;
  for (const name of ['os', 'architecture'])
    yield* oneOf(platform[name], ['unknown'], within(within(pointer, 'platform'), name), official);
}
