import { childManifests, type Digest } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import type { ReadManifest } from '../document.ts';
import type { CopyOptions } from './options.ts';
import type { Transfer } from './transfer.ts';

/** Signatures of signatures end somewhere. */
const DEEPEST = 8;
const MOST = 10_000;

/**
 * Copies what refers to a manifest, and to the manifests that it lists, and what refers to those.
 * They come after their subject, so that whoever finds one finds what it is about.
 * @throws {RegistryError} `MANIFEST_INVALID` when there is no end to them.
 */
export async function copyReferrers(
  transfer: Transfer,
  manifest: ReadManifest,
  { signal }: CopyOptions,
): Promise<void> {
  const { from } = transfer;
  const seen = new Set<Digest>();
  let subjects = [
    manifest.descriptor.digest,
    ...childManifests(manifest.manifest).map(({ digest }) => digest),
  ];
  for (let depth = 0; subjects.length > 0; depth++) {
    const found: Digest[] = [];
    for (const subject of subjects) {
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
        const read = await transfer.read(referrer.digest);
        await transfer.fill(read);
        await transfer.push(read, { digest: referrer.digest });
        found.push(referrer.digest);
      }
    }
    subjects = found;
  }
}
