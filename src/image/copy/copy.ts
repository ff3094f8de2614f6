import type { Digest, Manifest } from '../../oci/index.ts';
import { isNotFound, RegistryError, type Registry } from '../../registry/index.ts';
import type { ReadManifest } from '../document.ts';
import type { Copied, CopyOptions, CopyPlace } from './options.ts';
import { keepPlatforms } from './platforms.ts';
import { copyReferrers } from './referrers.ts';
import { createTransfer, type Transfer } from './transfer.ts';

/** The kinds of manifests that registries have been seen to refuse when children are missing. Some look at images alone. */
const verifying = new WeakMap<Registry, Set<Manifest['kind']>>();

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
  try {
    return await run(transfer, options);
  } catch (error) {
    // One part failed: the others are not to go on behind the caller's back.
    transfer.stop(error);
    throw error;
  }
}

async function run(transfer: Transfer, options: CopyOptions): Promise<Copied> {
  const { from, to } = transfer;
  const tag = targetTag(from, to);
  const inPlace = from.registry === to.registry && from.repository === to.repository;
  const known = verifying.get(to.registry);
  const ask = (): Promise<Digest | undefined> => resolved(transfer, tag ?? to.digest ?? from.digest, options);
  // Asked at the same time as the source is read, so that it costs no time.
  const [source, early] = await Promise.all([
    transfer.read(from.digest ?? from.tag ?? 'latest'),
    inPlace || (options.targetVerifies ?? known !== undefined) ? undefined : ask(),
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

  const trusted = inPlace || (options.targetVerifies ?? known?.has(manifest.manifest.kind) ?? false);
  const present = trusted ? undefined : (early ?? (known === undefined ? undefined : await ask()));
  if (present === digest)
    await transfer.skip({ kind: 'manifest', descriptor: manifest.descriptor }, 'present');
  else if (trusted) await pushFirst(transfer, manifest, tag);
  else await childrenFirst(transfer, manifest, tag, present !== undefined);
  if (options.referrers) await copyReferrers(transfer, manifest, options);

  const { manifests, blobs, bytes } = transfer.sent;
  return { descriptor: manifest.descriptor, sent: { manifests, blobs }, bytes };
}

function targetTag(from: CopyPlace, to: CopyPlace): string | undefined {
  if (to.tag !== undefined || to.digest !== undefined) return to.tag;
  return from.tag ?? (from.digest === undefined ? 'latest' : undefined);
}

/** To a target that takes no manifest whose children are missing: what it takes is whole. */
async function pushFirst(transfer: Transfer, manifest: ReadManifest, tag: string | undefined): Promise<void> {
  const missing = await transfer.attempt(manifest, named(manifest, tag));
  if (missing === undefined) return;
  await transfer.fill(manifest, missing);
  await transfer.push(manifest, named(manifest, tag));
}

/**
 * To a target that might take a manifest and miss its parts.
 * @param likely the target has another version, and so probably most of the children: then it is worth a request to
 *   learn whether it verifies. By digest, which points no tag at what may be half.
 */
async function childrenFirst(
  transfer: Transfer,
  manifest: ReadManifest,
  tag: string | undefined,
  likely: boolean,
): Promise<void> {
  const { digest } = manifest.descriptor;
  const missing = likely ? await transfer.attempt(manifest, { digest }) : undefined;
  if (missing !== undefined) learn(transfer.to.registry, manifest);
  await transfer.fill(manifest, missing);
  await transfer.push(manifest, named(manifest, tag));
}

function learn(registry: Registry, { manifest }: ReadManifest): void {
  verifying.set(registry, (verifying.get(registry) ?? new Set()).add(manifest.kind));
}

/** Under which names a manifest is pushed. Registries work out sha256 themselves; another algorithm has to be said. */
function named(
  { descriptor }: ReadManifest,
  tag: string | undefined,
): { tags: readonly string[]; digest?: Digest } {
  const { digest } = descriptor;
  return { tags: tag === undefined ? [] : [tag], ...(!digest.startsWith('sha256:') && { digest }) };
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
