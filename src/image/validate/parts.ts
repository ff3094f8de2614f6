import {
  Invalid,
  isConfigType,
  isNonDistributable,
  isObject,
  parseJson,
  type Descriptor,
  type Json,
} from '../../oci/index.ts';
import { isAbsent } from '../absent.ts';
import { configRules } from './config-rules.ts';
import { faultOf } from './contents.ts';
import { must, should, shown, within, type Finding } from './finding.ts';
import { descriptorOf, sizeAgreement } from './followed.ts';
import type { Reader } from './reader.ts';
import type { JsonObject } from './rule-options.ts';
import type { Unpacked } from './unpack.ts';

/** What was found in a document. */
export interface NamedFindings {
  readonly name: string;
  readonly findings: readonly Finding[];
}

/** Looks at the config and the layers of an image. */
export async function partsOf(
  image: JsonObject,
  name: string,
  reader: Reader,
): Promise<readonly NamedFindings[]> {
  const layers = Array.isArray(image['layers']) ? (image['layers'] as readonly Json[]) : [];
  const { config, parts } = await readConfig(descriptorOf(image['config']), name, layers.length, reader);
  const digest = descriptorOf(image['config'])?.digest;
  const looks = layers.map(async (layer, at): Promise<readonly NamedFindings[]> => {
    const descriptor = descriptorOf(layer);
    if (descriptor === undefined) return [];
    const pointer = within('/layers', at);
    try {
      const { size, unpacked } = await reader.layer(descriptor);
      const inside = unpacked === undefined ? [] : [...unpackedRules(unpacked, pointer)];
      const findings = [...sizeAgreement(descriptor, size, pointer), ...inside];
      const diffs = unpacked === undefined ? [] : [...diffRules(unpacked, config, at)];
      return [{ name, findings }, ...(digest === undefined ? [] : [{ name: digest, findings: diffs }])];
    } catch (error) {
      // What may not be distributed need not be where the image is.
      if (isNonDistributable(descriptor.mediaType) && isAbsent(error)) return [];
      return [{ name, findings: [faultOf(error, pointer)] }];
    }
  });
  return [...parts, ...(await Promise.all(looks)).flat()];
}

interface ReadConfig {
  readonly config?: JsonObject;
  readonly parts: readonly NamedFindings[];
}

async function readConfig(
  descriptor: Descriptor | undefined,
  name: string,
  layers: number,
  reader: Reader,
): Promise<ReadConfig> {
  if (descriptor === undefined) return { parts: [] };
  let bytes: Uint8Array;
  try {
    bytes = await reader.blob(descriptor);
  } catch (error) {
    return { parts: [{ name, findings: [faultOf(error, '/config')] }] };
  }
  const parts = [{ name, findings: [...sizeAgreement(descriptor, bytes.length, '/config')] }];
  if (!isConfigType(descriptor.mediaType)) return { parts };
  const of = (findings: readonly Finding[]) => [...parts, { name: descriptor.digest, findings }];
  try {
    const config = parseJson(bytes);
    if (!isObject(config)) return { parts: of([must('', `want an object, got ${shown(config)}`)]) };
    return { config, parts: of([...configRules(config, layers)]) };
  } catch (error) {
    if (error instanceof Invalid) return { parts: of([must('', error.message)]) };
    throw error;
  }
}

function* unpackedRules(unpacked: Unpacked, pointer: string): Generator<Finding> {
  const place = within(pointer, 'mediaType');
  if ('broken' in unpacked) yield must(place, `the layer cannot be unpacked as that: ${unpacked.broken}`);
  else if ('unknown' in unpacked)
    yield should(place, 'this version of Node cannot unpack it, so nothing is known of its files');
}

/** Whether a layer is what the config says. */
function* diffRules(unpacked: Unpacked, config: JsonObject | undefined, at: number): Generator<Finding> {
  const rootfs = config?.['rootfs'];
  const diffIds = isObject(rootfs) ? rootfs['diff_ids'] : undefined;
  if (!('diffId' in unpacked) || !Array.isArray(diffIds)) return;
  const said = (diffIds as readonly Json[])[at];
  // Digests of other algorithms are not computed.
  if (typeof said !== 'string' || !said.startsWith('sha256:') || said === unpacked.diffId) return;
  yield must(within('/rootfs/diff_ids', at), `says ${said}, and the layer holds ${unpacked.diffId}`);
}
