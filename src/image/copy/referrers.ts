import { childManifests, type Digest } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import type { ReadManifest } from '../document.ts';
import type { CopyOptions } from './options.ts';
import type { Transfer } from './transfer.ts';

/** Signatures of signatures end somewhere. */
const DEEPEST = 8;
const MOST = 10_000;

/** What refers to a manifest, and to what it lists, and what refers to those; subjects stand before their referrers. */
export interface Referrers {
  readonly found: readonly ReadManifest[];
  /** How many manifests it was asked for. */
  readonly subjects: number;
}

/**
 * Finds what refers to a manifest.
 * @throws {RegistryError} `MANIFEST_INVALID` when there is no end to them.
 */
export async function findReferrers(
  { from, read }: Transfer,
  manifest: ReadManifest,
  { signal }: CopyOptions,
): Promise<Referrers> {
  const seen = new Set<Digest>();
  const found: ReadManifest[] = [];
  let asked = 0;
  let subjects = [
    manifest.descriptor.digest,
    ...childManifests(manifest.manifest).map(({ digest }) => digest),
  ];
  for (let depth = 0; subjects.length > 0; depth++) {
    const next: Digest[] = [];
    for (const subject of subjects) {
      asked++;
      for await (const referrer of from.registry.referrers(
        from.repository,
        subject,
        signal === undefined ? {} : { signal },
      )) {
        if (seen.has(referrer.digest)) continue;
        seen.add(referrer.digest);
        if (depth === DEEPEST || seen.size > MOST) {
          throw new RegistryError(
            'MANIFEST_INVALID',
            `there is no end to what refers to ${manifest.descriptor.digest}`,
            { repository: from.repository },
          );
        }
        found.push(await read(referrer.digest));
        next.push(referrer.digest);
      }
    }
    subjects = next;
  }
  return { found, subjects: asked };
}

/** Copies them. They come after their subject, so that whoever finds one finds what it is about. */
export async function copyReferrers(transfer: Transfer, { found }: Referrers): Promise<void> {
  for (const referrer of found) {
    await transfer.fill(referrer);
    await transfer.push(referrer, { digest: referrer.descriptor.digest });
  }
}
