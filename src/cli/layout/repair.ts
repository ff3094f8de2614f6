import { repair, type Lack, type Repaired, type RepairSource } from '../../image/index.ts';
import { Invalid, isTag, printable } from '../../oci/index.ts';
import type { Places } from '../../place/index.ts';
import { isRegistryError } from '../../registry/index.ts';
import { layoutMender } from '../../store/layout/index.ts';
import { print, say, type Context } from '../context.ts';
import { counted } from '../counted.ts';
import { exitCodes } from '../exit-code.ts';
import { describeFailure, fail } from '../failure.ts';
import type { RegistryFlags } from '../flags.ts';
import { withPlaces } from '../session.ts';
import { lineOf } from './verify.ts';
import { openLayout } from './words.ts';

export interface RepairFlags extends RegistryFlags {
  readonly from?: readonly string[];
}

/** `stowage layout repair DIR`: the digests that were mended on standard output, what was not on standard error. */
export async function repairLayout(this: Context, flags: RepairFlags, directory: string): Promise<void> {
  try {
    await openLayout(directory);
    await withPlaces(this, flags, async (places) => {
      const given = flags.from?.map((reference) => sourceAt(places, reference));
      const count = { mended: 0, lost: 0, others: 0 };
      const mender = layoutMender(directory, {
        onOther: (finding) => {
          if (finding.severity === 'warning') return;
          count.others++;
          say(this, lineOf(finding));
        },
      });
      const sourcesOf = (lack: Lack): readonly RepairSource[] => given ?? sourcesByName(places, lack);
      for await (const repaired of repair(mender, sourcesOf, { signal: this.signal })) {
        count[repaired.outcome]++;
        if (repaired.outcome === 'mended') print(this, repaired.descriptor.digest);
        else say(this, lossOf(repaired));
      }
      const others =
        count.others === 0 ? '' : `, ${counted(count.others, 'other error')} that cannot be fetched`;
      say(this, `mended ${counted(count.mended, 'blob')}, ${count.lost} could not be got${others}`);
      if (count.lost + count.others > 0)
        this.process.exitCode = count.mended > 0 ? exitCodes.partlyDone : exitCodes.verificationFailed;
    });
  } catch (error) {
    fail(this, error);
  }
}

function sourceAt(places: Places, reference: string): RepairSource {
  const { registry, repository } = places.open(reference);
  return { registry, repository, name: reference };
}

/** The registries that the full names of its images mean. A tag alone does not say where it is from. */
function sourcesByName(places: Places, { names }: Lack): readonly RepairSource[] {
  return names.flatMap((name) => {
    if (isTag(name)) return [];
    try {
      return [sourceAt(places, name)];
    } catch (error) {
      // What other tools write there may be no name of an image.
      if (isRegistryError(error) || error instanceof Invalid) return [];
      throw error;
    }
  });
}

function lossOf(lost: Repaired & { readonly outcome: 'lost' }): string {
  const { descriptor, names, reasons } = lost;
  const of = names.length === 0 ? '' : ` of ${names.map((name) => printable(name, 200)).join(', ')}`;
  const why =
    reasons.length === 0
      ? 'no name says where it is from; use --from'
      : reasons.map(({ from, error }) => `${printable(from, 300)}: ${describeFailure(error)}`).join('; ');
  return `stowage: ${descriptor.digest}${of}: ${why}`;
}
