import { Invalid, isConfigType, isObject, parseJson, type Digest, type Json } from '../../oci/index.ts';
import { attestedBy } from '../synthesize.ts';
import { faultOf } from './contents.ts';
import { documentRules, kindOf, kindOfType } from './document.ts';
import { must, within } from './finding.ts';
import { agreement, descriptorOf, sizeAgreement } from './followed.ts';
import { partsOf } from './parts.ts';
import { comparePlatforms } from './platform.ts';
import { problemsOf, type Problem, type Strictness } from './problem.ts';
import type { Reader } from './reader.ts';
import type { JsonObject, RuleOptions } from './rule-options.ts';

/** Indexes are followed this deep into indexes. */
const DEEPEST = 8;

/** A document, and how its problems name it. */
export interface NamedDocument {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Finds all that is wrong with a document and with what it refers to, and that, down to the layers. What is referred to
 * more than once is looked into once.
 * @throws what reading throws that says nothing about what is read
 */
export async function walk(
  top: NamedDocument,
  reader: Reader,
  strictness: Strictness,
  rules: RuleOptions = {},
): Promise<readonly Problem[]> {
  const seen = new Set<Digest>();

  const visit = async (
    { name, bytes }: NamedDocument,
    options: RuleOptions,
    depth: number,
  ): Promise<readonly Problem[]> => {
    let document: Json;
    try {
      document = parseJson(bytes);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      return problemsOf([must('', error.message)], name, strictness);
    }
    const own = problemsOf(documentRules(document, bytes, options), name, strictness);
    const below = isObject(document) ? await descend(document, name, options, depth) : [];
    return [...own, ...below];
  };

  const descend = async (
    document: JsonObject,
    name: string,
    options: RuleOptions,
    depth: number,
  ): Promise<readonly Problem[]> => {
    const kind = kindOf(document, options);
    if (kind === 'image') {
      const parts = await partsOf(document, name, reader);
      return parts.flatMap((part) => problemsOf(part.findings, part.name, strictness));
    }
    const { manifests } = document;
    if (kind !== 'index' || !Array.isArray(manifests)) return [];
    const below = (manifests as readonly Json[]).map((entry, at) =>
      visitEntry(entry, name, within('/manifests', at), depth),
    );
    return (await Promise.all(below)).flat();
  };

  const visitEntry = async (
    value: Json,
    name: string,
    pointer: string,
    depth: number,
  ): Promise<readonly Problem[]> => {
    const entry = descriptorOf(value);
    // What is wrong with it has been told already.
    if (entry === undefined) return [];
    const { mediaType, digest } = entry;
    const bytes = await reader.manifest(entry).catch((error: unknown) => faultOf(error, pointer));
    if (!(bytes instanceof Uint8Array)) return problemsOf([bytes], name, strictness);
    const said = [...sizeAgreement(entry, bytes.length, pointer)];
    const kind = kindOfType(mediaType);
    if (kind === undefined) return problemsOf(said, name, strictness);
    const attestation = attestedBy(entry) !== undefined;
    const document = formatObject(bytes);
    if (document !== undefined) {
      said.push(...agreement(document, entry, pointer));
      const config = attestation ? undefined : await configOf(document, reader);
      if (config !== undefined)
        said.push(
          ...comparePlatforms(
            isObject(value) ? value['platform'] : undefined,
            config,
            within(pointer, 'platform'),
          ),
        );
    }
    const first = !seen.has(digest);
    seen.add(digest);
    if (first && depth >= DEEPEST)
      said.push(must(pointer, `indexes are nested deeper than ${DEEPEST} levels`));
    const goOn = first && depth < DEEPEST;
    const below = goOn ? await visit({ name: digest, bytes }, { kind, attestation }, depth + 1) : [];
    return [...problemsOf(said, name, strictness), ...below];
  };

  return visit(top, rules, 0);
}

/** The config of an image, if there is one that can be read. What is wrong with it is told where it is visited. */
async function configOf({ config }: JsonObject, reader: Reader): Promise<JsonObject | undefined> {
  const descriptor = descriptorOf(config);
  if (descriptor === undefined || !isConfigType(descriptor.mediaType)) return undefined;
  const bytes = await reader.blob(descriptor).catch((error: unknown) => void faultOf(error, ''));
  return bytes === undefined ? undefined : formatObject(bytes);
}

function formatObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const document = parseJson(bytes);
    return isObject(document) ? document : undefined;
  } catch (error) {
    if (error instanceof Invalid) return undefined;
    throw error;
  }
}
