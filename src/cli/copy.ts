import { copy as copyImage } from '../image/index.ts';
import { parsePlatform } from '../oci/index.ts';
import { print, say, type Context } from './context.ts';
import { exitCodeOf } from './exit-code.ts';
import { describeFailureAt } from './failure.ts';
import type { RegistryFlags } from './flags.ts';
import { withPlaces } from './session.ts';

export interface CopyFlags extends RegistryFlags {
  readonly platform?: readonly string[];
  readonly referrers?: boolean;
}

/** `stowage copy FROM TO`: the digest on standard output, what was done on standard error. */
export default async function copy(this: Context, flags: CopyFlags, from: string, to: string): Promise<void> {
  await withPlaces(this, flags, async (places) => {
    try {
      const { descriptor, sent, bytes } = await copyImage(places.open(from), places.open(to), {
        signal: this.signal,
        ...(flags.platform !== undefined && { platforms: flags.platform.map(parsePlatform) }),
        ...(flags.referrers !== undefined && { referrers: flags.referrers }),
      });
      const { manifests, blobs } = sent;
      say(
        this,
        manifests + blobs === 0
          ? `${to} is there already`
          : `sent ${manifests} manifests and ${blobs} blobs, ${bytes} bytes, to ${to}`,
      );
      print(this, descriptor.digest);
    } catch (error) {
      say(this, `stowage: ${describeFailureAt(error, from, to)}`);
      this.process.exitCode = exitCodeOf(error);
    }
  });
}
