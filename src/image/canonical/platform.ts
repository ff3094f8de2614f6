import type { OrderedObject } from '../../json/index.ts';
import { Invalid } from '../../oci/index.ts';
import { descending, preferring, sortBy, type SortKey } from './order.ts';

const byField = preferring(['os', 'architecture', 'variant', 'os.version']);
const bySystem = preferring(['linux']);
const byArchitecture = preferring(['amd64', 'arm64']);

/** Variants that go without saying, and are said. */
const VARIANTS: ReadonlyMap<string, string> = new Map([
  ['arm', 'v7'],
  ['arm64', 'v8'],
]);

/**
 * A platform in the form that the Docker Official Images write into their indexes: its fields in one order, none that
 * is `null`, and arm and arm64 always with a variant.
 * @param platform with any fields; those that are not known come last, by name
 * @param pointer where it stands in its document, for the error
 * @throws {Invalid} subject `descriptor`, when one of the known fields is no text.
 * @see https://github.com/opencontainers/image-spec/blob/main/image-index.md#image-index-property-descriptions
 */
export function canonicalPlatform(platform: OrderedObject, pointer = ''): OrderedObject {
  const { architecture, variant } = platformTexts(platform, pointer);
  const said = variant === '' ? VARIANTS.get(architecture) : undefined;
  const fields = said === undefined ? platform : new Map([...platform, ['variant', said] as const]);
  const kept = [...fields].filter(([, value]) => value !== null && value !== false);
  return new Map(sortBy(kept, ([name]) => byField(name)));
}

/**
 * What platforms are sorted by: Linux first, amd64 and arm64 first, newer variants and versions before older ones.
 * What has no platform goes with Linux' neighbours: after it, before all other systems.
 */
export function platformKey(platform: OrderedObject | undefined, pointer = ''): SortKey {
  const { os, architecture, variant, version } = platformTexts(platform ?? new Map(), pointer);
  return [bySystem(os), byArchitecture(architecture), descending(variant), descending(version)];
}

interface PlatformTexts {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
  readonly version: string;
}

function platformTexts(platform: OrderedObject, pointer: string): PlatformTexts {
  const text = (name: string): string => {
    const value = platform.get(name) ?? '';
    if (value === false) return '';
    if (typeof value !== 'string') throw new Invalid('descriptor', 'want a text', `${pointer}/${name}`);
    return value;
  };
  return {
    os: text('os'),
    architecture: text('architecture'),
    variant: text('variant'),
    version: text('os.version'),
  };
}
