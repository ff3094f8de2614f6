import { repair, type Lack, type Repair, type RepairSource } from '../../image/index.ts';
import { Invalid, isTag, printable } from '../../oci/index.ts';
import type { Places } from '../../place/index.ts';
import { isRegistryError } from '../../registry/index.ts';
import { repairableLayout } from '../../store/layout/index.ts';
import { print, say, type Context } from '../context.ts';
import { counted } from '../counted.ts';
import { exitCodes } from '../exit-code.ts';
import { describeFailure } from '../failure.ts';
import type { RegistryFlags } from '../flags.ts';
import { withPlaces } from '../session.ts';
import { lineOf } from './verify.ts';
import { failIn, openLayout } from './words.ts';

export interface RepairFlags extends RegistryFlags {
  readonly from?: readonly string[];
  readonly json?: boolean;
}

/** `stowage layout repair DIR`: the digests that were repaired on standard output, what was not on standard error. */
export async function repairLayout(this: Context, flags: RepairFlags, directory: string): Promise<void> {
  try {
    await openLayout(directory);
    await withPlaces(this, flags, async (places) => {
      const given = flags.from?.map((reference) => sourceAt(places, reference));
      const count: Outcomes = { repaired: 0, lost: 0, others: 0 };
      const layout = repairableLayout(directory, {
        onOther: (finding) => {
          if (finding.severity === 'warning') return;
          count.others++;
          say(this, lineOf(finding));
        },
      });
      const sourcesOf = (lack: Lack): readonly RepairSource[] => given ?? sourcesByName(places, lack);
      for await (const one of repair(layout, sourcesOf, { signal: this.signal })) {
        count[one.outcome]++;
        if (flags.json) print(this, JSON.stringify(inJson(one)));
        else if (one.outcome === 'repaired') print(this, one.descriptor.digest);
        if (one.outcome === 'lost') say(this, lossOf(one));
      }
      say(this, sumOf(count));
      if (count.lost + count.others > 0)
        this.process.exitCode = count.repaired > 0 ? exitCodes.partlyDone : exitCodes.verificationFailed;
    });
  } catch (error) {
    failIn(this, directory, error);
  }
}

/** How many blobs were repaired, and not; and what else is wrong. */
type Outcomes = Record<Repair['outcome'] | 'others', number>;

function sumOf({ repaired, lost, others }: Outcomes): string {
  if (repaired + lost + others === 0) return 'nothing is missing or wrong';
  const got = `repaired ${counted(repaired, 'blob')}, ${lost} could not be got`;
  return others === 0 ? got : `${got}, ${counted(others, 'other error')} that cannot be fetched`;
}

function inJson(one: Repair): object {
  const { names, outcome } = one;
  const { digest, size, mediaType } = one.descriptor;
  const common = { digest, size, mediaType, names, outcome };
  return one.outcome === 'repaired'
    ? { ...common, from: one.from }
    : {
        ...common,
        reasons: one.reasons.map(({ from, error }) => ({ from, message: describeFailure(error) })),
      };
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

function lossOf({ descriptor, names, reasons }: Extract<Repair, { readonly outcome: 'lost' }>): string {
  const of = names.length === 0 ? '' : ` of ${names.map((name) => printable(name, 200)).join(', ')}`;
  const why =
    reasons.length === 0
      ? 'no name says where it is from; use --from'
      : reasons.map(({ from, error }) => `${printable(from, 300)}: ${describeFailure(error)}`).join('; ');
  return `stowage: ${descriptor.digest}${of}: ${why}`;
}
