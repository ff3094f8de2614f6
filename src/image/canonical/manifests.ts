import { isOrderedObject, type OrderedObject } from '../../json/index.ts';
import { annotations as keys, Invalid, printable } from '../../oci/index.ts';
import { sortBy } from './order.ts';
import { platformKey } from './platform.ts';

/**
 * The entries of an index in the canonical order: by platform, and BuildKit's attestations behind the image that they
 * speak of.
 * @param manifests in their canonical form, see `canonicalDescriptor`
 * @param pointer where the list stands in its document, for the error
 * @throws {Invalid} subject `descriptor`, for an entry without a digest, or one that speaks of an image that is not in the list.
 * @see https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
 */
export function sortManifests(manifests: readonly OrderedObject[], pointer = ''): readonly OrderedObject[] {
  const entries = manifests.map((manifest, at) => ({ manifest, ...read(manifest, `${pointer}/${at}`) }));
  const byPlatform = sortBy(entries, ({ platform, place }) => platformKey(platform, `${place}/platform`));
  // An image that is listed twice is where it is listed first.
  const places = new Map<string, number>();
  for (const [at, { digest }] of byPlatform.entries()) if (!places.has(digest)) places.set(digest, at);
  const sorted = sortBy(byPlatform, ({ digest, subject, place }) => {
    const at = places.get(subject ?? digest);
    if (at !== undefined) return subject === undefined ? at * 2 : at * 2 + 1;
    throw new Invalid(
      'descriptor',
      `it speaks of ${printable(subject ?? '')}, which is not in the list`,
      `${place}/annotations/${keys.buildkitReferenceDigest}`,
    );
  });
  return sorted.map(({ manifest }) => manifest);
}

interface Entry {
  readonly place: string;
  readonly digest: string;
  /** The digest of the image that this is an attestation of. */
  readonly subject: string | undefined;
  readonly platform: OrderedObject | undefined;
}

function read(manifest: OrderedObject, place: string): Entry {
  const digest = manifest.get('digest');
  if (typeof digest !== 'string') throw new Invalid('descriptor', 'want a digest', `${place}/digest`);
  const platform = manifest.get('platform') ?? undefined;
  if (platform !== undefined && !isOrderedObject(platform))
    throw new Invalid('descriptor', 'want an object', `${place}/platform`);
  const annotations = manifest.get('annotations');
  const subject = isOrderedObject(annotations) ? annotations.get(keys.buildkitReferenceDigest) : undefined;
  if (subject != null && typeof subject !== 'string')
    throw new Invalid('descriptor', 'want a text', `${place}/annotations/${keys.buildkitReferenceDigest}`);
  return { place, digest, subject: subject ?? undefined, platform };
}
