import type { Digest } from '../../oci/index.ts';
import { isNotFound, RegistryError } from '../../registry/index.ts';
import type { ReadManifest } from '../document.ts';
import type { Copied, CopyOptions, CopyPlace } from './options.ts';
import { keepPlatforms } from './platforms.ts';
import { createPlanner, type CopyPlanner } from './plan.ts';
import { copyReferrers, findReferrers } from './referrers.ts';
import { learnFrom, verifiedKinds } from './refusal.ts';
import { createTransfer, type Transfer } from './transfer.ts';

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
  const transfer = createTransfer(from, to, options, (manifest, missing) =>
    planner === undefined ? Promise.resolve() : planner.refused(manifest, missing),
  );
  const planner = options.onPlan && createPlanner(from, transfer.read, options);
  try {
    return await run(transfer, options, planner);
  } catch (error) {
    // One part failed: the others are not to go on behind the caller's back.
    await transfer.stop(error);
    throw error;
  }
}

async function run(
  transfer: Transfer,
  options: CopyOptions,
  planner: CopyPlanner | undefined,
): Promise<Copied> {
  const { from, to } = transfer;
  const tag = targetTag(from, to);
  const inPlace = from.registry === to.registry && from.repository === to.repository;
  const known = verifiedKinds(to.registry);
  const ask = (): Promise<Digest | undefined> => resolved(transfer, tag ?? to.digest ?? from.digest, options);
  planner?.asking(!inPlace && options.targetVerifies !== true);
  // Asked at the same time as the source is read, so that it costs no time.
  const [source, early] = await Promise.all([
    transfer.read(from.digest ?? from.tag ?? 'latest'),
    inPlace || (options.targetVerifies ?? known !== undefined) ? undefined : ask(),
  ]);
  const { platforms } = options;
  if (platforms !== undefined) planner?.platforms(source);
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
  const referrers = options.referrers ? await findReferrers(transfer, manifest, options) : undefined;
  if (referrers !== undefined) await planner?.referrers(referrers);
  const sending: Sending = { transfer, manifest, tag, planner };
  if (present === digest) {
    if (referrers !== undefined) planner?.skipping();
    await transfer.skip({ kind: 'manifest', descriptor: manifest.descriptor }, 'present');
  } else if (trusted) await pushFirst(sending);
  else await childrenFirst(sending, present !== undefined);
  if (referrers !== undefined) await copyReferrers(transfer, referrers);

  const { manifests, blobs, bytes } = transfer.sent;
  return { descriptor: manifest.descriptor, sent: { manifests, blobs }, bytes };
}

function targetTag(from: CopyPlace, to: CopyPlace): string | undefined {
  if (to.tag !== undefined || to.digest !== undefined) return to.tag;
  return from.tag ?? (from.digest === undefined ? 'latest' : undefined);
}

/** A manifest that the target has not. */
interface Sending {
  readonly transfer: Transfer;
  readonly manifest: ReadManifest;
  readonly tag: string | undefined;
  readonly planner: CopyPlanner | undefined;
}

/** To a target that takes no manifest whose children are missing: what it takes is whole. */
async function pushFirst({ transfer, manifest, tag, planner }: Sending): Promise<void> {
  planner?.trying(manifest);
  const refusal = await transfer.attempt(manifest, named(manifest, tag));
  if (refusal === undefined) return;
  await planner?.sending(manifest, refusal.missing);
  await transfer.fill(manifest, refusal.missing);
  await transfer.push(manifest, named(manifest, tag));
}

/**
 * To a target that might take a manifest and miss its parts.
 * @param likely the target has another version, and so probably most of the children: then it is worth a request to
 *   learn whether it verifies. By digest, which points no tag at what may be half.
 */
async function childrenFirst({ transfer, manifest, tag, planner }: Sending, likely: boolean): Promise<void> {
  if (likely) planner?.trying(manifest);
  const { digest } = manifest.descriptor;
  const refusal = likely ? await transfer.attempt(manifest, { digest }) : undefined;
  if (refusal !== undefined) learnFrom(refusal, transfer.to.registry, manifest.manifest);
  await planner?.sending(manifest, refusal?.missing);
  await transfer.fill(manifest, refusal?.missing);
  await transfer.push(manifest, named(manifest, tag));
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
