import { formatPlatform, matchesPlatform, parsePlatform, type Platform } from '../oci/index.ts';
import { synthesizeIndex, type SynthesizedIndex } from '../image/index.ts';
import type { Place, Places } from '../place/index.ts';
import { RegistryError } from '../registry/index.ts';
import { print, say, type Context } from './context.ts';
import { exitCodeOf, exitCodes } from './exit-code.ts';
import { describeFailureAt } from './failure.ts';
import type { RegistryFlags } from './flags.ts';
import { withPlaces } from './session.ts';

export interface LookupFlags extends RegistryFlags {
  readonly digest?: boolean;
  readonly platform?: string;
}

/** `stowage lookup REF…`: what stands there, as an index, or as a digest alone. */
export default async function lookup(
  this: Context,
  flags: LookupFlags,
  ...references: readonly string[]
): Promise<void> {
  await withPlaces(this, flags, async (places) => {
    // All are asked at once, and told in the order in which they were given.
    const answers = references.map((reference) => answer(places, reference, flags, this.signal));
    const settled = await Promise.allSettled(answers);
    const codes = settled.map((result, at) => {
      if (result.status === 'fulfilled') print(this, result.value);
      else say(this, `stowage: ${describeFailureAt(result.reason, references[at] ?? '')}`);
      return result.status === 'fulfilled' ? exitCodes.ok : exitCodeOf(result.reason);
    });
    this.process.exitCode = overall(codes);
  });
}

async function answer(
  places: Places,
  reference: string,
  { digest, platform }: LookupFlags,
  signal: AbortSignal,
): Promise<string> {
  const place = places.open(reference);
  const want = platform === undefined ? undefined : parsePlatform(platform);
  if (digest && want === undefined)
    return (await place.registry.resolveManifest(place.repository, place.reference, { signal })).digest;
  const index = await synthesizeIndex(place.registry, place, { nameOf: place.nameOf, signal });
  const shown = want === undefined ? index : only(index, place, want);
  return digest ? shown.manifests.map((entry) => entry.digest).join('\n') : JSON.stringify(shown, null, '\t');
}

function only(index: SynthesizedIndex, { repository, reference }: Place, want: Platform): SynthesizedIndex {
  const manifests = index.manifests.filter(
    (entry) => entry.platform !== undefined && matchesPlatform(want, entry.platform),
  );
  if (manifests.length > 0) return { ...index, manifests };
  throw new RegistryError(
    'MANIFEST_UNKNOWN',
    `${repository} has nothing for ${formatPlatform(want)} at ${reference}`,
    { status: 404, repository, reference },
  );
}

/** One code for several results: theirs if they agree, `partlyDone` if some came and others did not. */
function overall(codes: readonly number[]): number {
  const failures = codes.filter((code) => code !== exitCodes.ok);
  if (failures.length === 0) return exitCodes.ok;
  if (failures.length < codes.length) return exitCodes.partlyDone;
  return failures.every((code) => code === failures[0]) ? (failures[0] ?? exitCodes.error) : exitCodes.error;
}
