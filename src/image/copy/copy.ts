import type { Descriptor, Digest } from '../../oci/index.ts';
import { isNotFound, RegistryError, type Registry } from '../../registry/index.ts';
import type { ReadManifest } from '../document.ts';
import type { Copied, CopyOptions, CopyPlace } from './options.ts';
import { keepPlatforms } from './platforms.ts';
import { copyReferrers } from './referrers.ts';
import { createTransfer, type Transfer } from './transfer.ts';

/** Registries that have been seen to refuse a manifest whose children are missing. */
const verifying = new WeakSet<Registry>();

/**
 * Copies an image, or whatever a manifest holds together, from any registry to any: all platforms, byte for byte.
 *
 * Where the target is known to verify what manifests refer to, the manifest is pushed first, and only what the
 * refusal names is sent. A target that was never seen to refuse might take a manifest and miss its parts; there the
 * children go first. Either way a blob is asked for by the request that would start its upload, inside one registry
 * it is mounted, and the same copy again takes two requests.
 *
 * @param from with neither tag nor digest, `latest`
 * @param to with neither, the tag of `from`, or the digest alone
 * @throws {RegistryError} what reading and writing fail with; `DIGEST_INVALID` when `to` names another digest.
 */
export async function copy(from: CopyPlace, to: CopyPlace, options: CopyOptions = {}): Promise<Copied> {
  const transfer = createTransfer(from, to, options);
  const tag =
    to.tag ??
    (to.digest === undefined ? (from.tag ?? (from.digest === undefined ? 'latest' : undefined)) : undefined);
  const verifies = options.targetVerifies ?? verifying.has(to.registry);
  const inPlace = from.registry === to.registry && from.repository === to.repository;
  // Asked at the same time as the source is read, so that it costs no time.
  const [source, present] = await Promise.all([
    transfer.read(from.digest ?? from.tag ?? 'latest'),
    verifies || inPlace ? undefined : resolved(transfer, tag ?? to.digest ?? from.digest, options),
  ]);
  const { platforms } = options;
  const manifest =
    platforms === undefined ? source : await keepPlatforms(transfer, source, platforms, options);
  const { digest } = manifest.descriptor;
  if (to.digest !== undefined && to.digest !== digest) {
    throw new RegistryError('DIGEST_INVALID', `the source is ${digest}, the target is to be ${to.digest}`, {
      repository: to.repository,
    });
  }

  if (present === digest)
    await transfer.skip({ kind: 'manifest', descriptor: manifest.descriptor }, 'present');
  else
    await deliver(transfer, manifest, {
      tag,
      first: verifies || inPlace || present !== undefined,
      trust: verifies || inPlace,
    });
  if (options.referrers) await copyReferrers(transfer, manifest, options);

  const { manifests, blobs, bytes } = transfer.sent;
  return { descriptor: manifest.descriptor, sent: { manifests, blobs }, bytes };
}

interface Delivery {
  readonly tag: string | undefined;
  /** Push the manifest before its children: it is likely that the target has them. */
  readonly first: boolean;
  /** Whether its being accepted means that it has them. */
  readonly trust: boolean;
}

async function deliver(
  transfer: Transfer,
  manifest: ReadManifest,
  { tag, first, trust }: Delivery,
): Promise<void> {
  const push = {
    tags: tag === undefined ? [] : [tag],
    ...(named(manifest.descriptor) && { digest: manifest.descriptor.digest }),
  };
  let missing: ReadonlySet<Digest> | undefined;
  if (first) {
    missing = await transfer.attempt(manifest, push);
    if (missing !== undefined) verifying.add(transfer.to.registry);
    else if (trust) return;
  }
  await transfer.fill(manifest, {
    ask: first && missing === undefined,
    ...(missing !== undefined && { missing }),
  });
  if (!first || missing !== undefined) await transfer.push(manifest, push);
}

// Registries work out sha256 themselves; another algorithm has to be said.
function named({ digest }: Descriptor): boolean {
  return !digest.startsWith('sha256:');
}

/** What the target has at a reference now. */
async function resolved(
  { to }: Transfer,
  reference: string | undefined,
  { signal }: CopyOptions,
): Promise<Digest | undefined> {
  if (reference === undefined) return undefined;
  try {
    return (
      await to.registry.resolveManifest(to.repository, reference, signal === undefined ? {} : { signal })
    ).digest;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
