import { isNonDistributable, isObject, mediaTypes, type Json } from '../../oci/index.ts';
import { descriptorRules } from './descriptor.ts';
import { must, official, oneOf, should, shown, within, type Finding } from './finding.ts';
import { ATTESTATION_TYPE, commonRules } from './index-rules.ts';
import type { JsonObject, RuleOptions } from './rule-options.ts';

const LAYERS: readonly string[] = [
  'application/vnd.oci.image.layer.v1.tar',
  'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.docker.image.rootfs.diff.tar',
  'application/vnd.docker.image.rootfs.diff.tar.gzip',
];
const STATEMENT = 'application/vnd.in-toto+json';
const PREDICATE = 'in-toto.io/predicate-type';
const PREDICATES: readonly string[] = ['https://slsa.dev/provenance/v0.2', 'https://spdx.dev/Document'];

/**
 * The manifest of an image, or of an attestation.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md
 */
export function* imageRules(document: JsonObject, options: RuleOptions = {}): Generator<Finding> {
  const { attestation = looksLikeAttestation(document) } = options;
  yield* commonRules(document, [mediaTypes.ociManifest, mediaTypes.dockerManifest]);
  const { artifactType, config, layers } = document;
  if (artifactType !== undefined)
    yield* oneOf(artifactType, [attestation ? ATTESTATION_TYPE : undefined], '/artifactType', official);
  yield* descriptorRules(config, '/config');
  if (isObject(config)) yield* configDescriptorRules(config, artifactType);
  if (!Array.isArray(layers))
    return yield must('/layers', `want a list of descriptors, got ${shown(layers)}`);
  if (layers.length === 0) yield should('/layers', 'has no layer');
  for (const [at, layer] of (layers as readonly Json[]).entries()) {
    const pointer = within('/layers', at);
    yield* descriptorRules(layer, pointer);
    if (isObject(layer)) yield* layerRules(layer, pointer, attestation);
  }
}

function* configDescriptorRules(
  { mediaType, size, artifactType }: JsonObject,
  typeOfManifest: Json | undefined,
): Generator<Finding> {
  if (typeof size === 'number' && size >= 0 && size < 2)
    yield official('/config/size', `no config is as small as ${size} bytes`);
  yield* oneOf(mediaType, [mediaTypes.ociConfig, mediaTypes.dockerConfig], '/config/mediaType', official);
  yield* oneOf(artifactType, [undefined], '/config/artifactType', official);
  if (mediaType === mediaTypes.ociEmpty && typeOfManifest === undefined)
    yield must('/artifactType', 'is missing: without a config, it alone says what this is');
}

function* layerRules(layer: JsonObject, pointer: string, attestation: boolean): Generator<Finding> {
  const { mediaType, annotations, artifactType } = layer;
  yield* oneOf(mediaType, attestation ? [STATEMENT] : LAYERS, within(pointer, 'mediaType'), official);
  if (typeof mediaType === 'string' && isNonDistributable(mediaType))
    yield should(within(pointer, 'mediaType'), 'layers that may not be distributed are no longer to be made');
  yield* oneOf(artifactType, [undefined], within(pointer, 'artifactType'), official);
  if (!attestation) return;
  const predicate = isObject(annotations) ? annotations[PREDICATE] : undefined;
  yield* oneOf(predicate, PREDICATES, within(within(pointer, 'annotations'), PREDICATE), official);
}

/** Whether a manifest of which nobody says what it is carries statements and no files. */
function looksLikeAttestation({ artifactType, layers }: JsonObject): boolean {
  if (artifactType === ATTESTATION_TYPE) return true;
  if (!Array.isArray(layers) || layers.length === 0) return false;
  return (layers as readonly Json[]).some((layer) => isObject(layer) && layer['mediaType'] === STATEMENT);
}
