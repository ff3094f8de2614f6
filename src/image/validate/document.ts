import {
  Invalid,
  isImageType,
  isIndexType,
  isObject,
  mediaTypes,
  parseJson,
  parseManifest,
  type Json,
} from '../../oci/index.ts';
import { configRules } from './config-rules.ts';
import { must, official, shown, type Finding, type Findings } from './finding.ts';
import { imageRules } from './image-rules.ts';
import { indexRules } from './index-rules.ts';
import { layoutFileRules } from './layout-file.ts';
import { problemsOf, type Problem, type Strictness } from './problem.ts';
import type { DocumentKind, JsonObject, RuleOptions } from './rule-options.ts';

export type DocumentOptions = Strictness & RuleOptions;

/**
 * Finds all that is wrong with a document by itself: an index, the manifest of an image or an attestation, a config, or
 * the `oci-layout` file of a layout. What it refers to is not looked at; embedded data is.
 * @throws {Invalid} subject `json`, when the bytes are no JSON document.
 */
export function validateDocument(bytes: Uint8Array, options: DocumentOptions = {}): readonly Problem[] {
  return problemsOf(documentRules(parseJson(bytes), bytes, options), '', options);
}

/** The rules for a document of whatever kind. */
export function documentRules(document: Json, bytes: Uint8Array, options: RuleOptions): Findings {
  if (!isObject(document)) return [must('', `want an object, got ${shown(document)}`)];
  switch (kindOf(document, options)) {
    case 'index':
      return manifestRules(indexRules(document, options), document, bytes, mediaTypes.ociIndex);
    case 'image':
      return manifestRules(imageRules(document, options), document, bytes, mediaTypes.ociManifest);
    case 'config':
      return configRules(document);
    case 'layout':
      return layoutFileRules(document);
    case 'unknown':
      return unknownRules(document);
  }
}

/** What a document is to be, or is by its media type, or else by what it has. */
export function kindOf(document: JsonObject, { kind }: RuleOptions = {}): DocumentKind {
  if (kind !== undefined) return kind;
  const { mediaType, manifests, config, layers, rootfs, imageLayoutVersion } = document;
  if (typeof mediaType === 'string') return kindOfType(mediaType) ?? 'unknown';
  if (manifests !== undefined) return 'index';
  if (rootfs !== undefined) return 'config';
  if (layers !== undefined || config !== undefined) return 'image';
  return imageLayoutVersion === undefined ? 'unknown' : 'layout';
}

/** What a manifest of this type is. */
export function kindOfType(mediaType: string): 'index' | 'image' | undefined {
  if (isIndexType(mediaType)) return 'index';
  return isImageType(mediaType) ? 'image' : undefined;
}

/** What the rules for a manifest find, or else what keeps readers from reading it: another spelling, two kinds in one. */
function* manifestRules(
  findings: Findings,
  { mediaType }: JsonObject,
  bytes: Uint8Array,
  usual: string,
): Generator<Finding> {
  let unreadable = false;
  for (const finding of findings) {
    unreadable ||= finding.weight === 'must';
    yield finding;
  }
  if (unreadable) return;
  try {
    parseManifest(bytes, typeof mediaType === 'string' ? mediaType : usual);
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    // The message begins with the pointer.
    const { pointer, message } = error;
    yield must(pointer ?? '', pointer === undefined ? message : message.slice(message.indexOf(': ') + 2));
  }
}

function* unknownRules({ mediaType }: JsonObject): Generator<Finding> {
  const what = 'neither an index nor the manifest of an image';
  if (mediaType === undefined) yield must('/mediaType', `is missing, and the document is ${what}`);
  else if (typeof mediaType !== 'string')
    yield must('/mediaType', `want a media type, got ${shown(mediaType)}`);
  else yield official('/mediaType', `${shown(mediaType)} is ${what}`);
}
