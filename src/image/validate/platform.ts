import { isObject, normalizePlatform, type Json, type Platform } from '../../oci/index.ts';
import { must, official, should, shown, within, type Finding, type Findings } from './finding.ts';

/**
 * The platform of a descriptor.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md#image-index-property-descriptions
 */
export function* platformRules(platform: Json, pointer: string): Generator<Finding> {
  if (!isObject(platform)) return yield must(pointer, `want an object, got ${shown(platform)}`);
  for (const name of ['architecture', 'os']) {
    const value = platform[name];
    if (typeof value !== 'string' || value === '')
      yield must(within(pointer, name), `want a text, got ${shown(value)}`);
  }
  for (const name of ['os.version', 'variant']) {
    const value = platform[name];
    if (value === '') yield official(within(pointer, name), 'is empty: leave it away');
    else if (value !== undefined && typeof value !== 'string')
      yield must(within(pointer, name), `want a text, got ${shown(value)}`);
  }
  for (const name of ['os.features', 'features']) {
    const value = platform[name];
    if (value !== undefined) yield* textList(value, within(pointer, name));
  }
  if (platform['features'] !== undefined)
    yield should(within(pointer, 'features'), 'is reserved for later versions of the specification');
}

/** A list of texts. */
export function* textList(value: Json, pointer: string): Findings & Generator<Finding> {
  if (!Array.isArray(value)) return yield must(pointer, `want a list of texts, got ${shown(value)}`);
  for (const [at, text] of (value as readonly Json[]).entries())
    if (typeof text !== 'string') yield must(within(pointer, at), `want a text, got ${shown(text)}`);
}

/**
 * Whether the entry of an index says the same of an image as its config. A variant that only one of them tells is common.
 * @param pointer to the platform of the entry
 */
export function* comparePlatforms(
  entry: Json | undefined,
  config: Json,
  pointer: string,
): Generator<Finding> {
  const [said, own] = [usable(entry), usable(config)];
  if (said === undefined || own === undefined) return;
  for (const name of ['os', 'architecture', 'variant', 'os.version'] as const) {
    if (said[name] === own[name]) continue;
    const fault = name === 'os' || name === 'architecture' ? must : should;
    yield fault(
      within(pointer, name),
      `says ${shown(said[name])}, and the config of the image ${shown(own[name])}`,
    );
  }
}

/** As platforms are compared, if there is enough of it. */
function usable(value: Json | undefined): Platform | undefined {
  if (!isObject(value)) return undefined;
  const { os, architecture, variant, 'os.version': version } = value;
  if (typeof os !== 'string' || typeof architecture !== 'string') return undefined;
  return normalizePlatform({
    os,
    architecture,
    ...(typeof variant === 'string' && { variant }),
    ...(typeof version === 'string' && { 'os.version': version }),
  });
}
