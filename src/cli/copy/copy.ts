import { mostChunks } from '../../client/index.ts';
import {
  copy as copyImage,
  type Copied,
  type CopyOptions,
  type CopyStage,
  type CopyStep,
} from '../../image/index.ts';
import { parsePlatform, printable } from '../../oci/index.ts';
import type { Place, Places } from '../../place/index.ts';
import { isRegistryError, reworded } from '../../registry/index.ts';
import { print, say, type Context } from '../context.ts';
import { counted } from '../counted.ts';
import { exitCodeOf } from '../exit-code.ts';
import { describeFailureAt } from '../failure.ts';
import type { RegistryFlags } from '../flags.ts';
import { lackOf, misfitOf } from '../lack.ts';
import { createPlanReport } from '../report/plan-report.ts';
import { createProgress } from '../report/progress.ts';
import { withPlaces, type Session } from '../session.ts';
import { endsOf, planAtEnds, type Ends } from './ends.ts';

export interface CopyFlags extends RegistryFlags {
  readonly platform?: readonly string[];
  readonly referrers?: boolean;
  readonly plan?: boolean;
}

/** `stowage copy FROM TO`: the digest on standard output, what was done on standard error. */
export default async function copy(this: Context, flags: CopyFlags, from: string, to: string): Promise<void> {
  await withPlaces(this, flags, async (places, session) => {
    try {
      const [source, target] = [places.open(from), places.open(to)];
      const problem = (await lackOf(source, from)) ?? (await misfitOf(target, to));
      if (problem !== undefined) throw problem;
      const wishes: CopyOptions = {
        signal: this.signal,
        ...(flags.platform !== undefined && { platforms: flags.platform.map(parsePlatform) }),
        ...(flags.referrers !== undefined && { referrers: flags.referrers }),
      };
      const run = (options: CopyOptions): Promise<Copied> =>
        withProgress(this, (hooks) => copyImage(source, target, { ...wishes, ...options, ...hooks })).catch(
          (error: unknown) => {
            throw asCalled(error, source, from);
          },
        );
      const { descriptor, sent, bytes } = flags.plan
        ? await withPlan(this, { places, session, ends: endsOf(from, to, session.settings) }, run)
        : await run({});
      await places.commit({ signal: this.signal });
      const { manifests, blobs } = sent;
      say(
        this,
        manifests + blobs === 0
          ? `${to} is there already`
          : `sent ${counted(manifests, 'manifest')} and ${counted(blobs, 'blob')}, ${bytes} bytes, to ${to}`,
      );
      print(this, descriptor.digest);
    } catch (error) {
      say(this, `stowage: ${describeFailureAt(error, from, to)}`);
      this.process.exitCode = exitCodeOf(error);
    }
  });
}

/** What is in a layout by itself has no name but the one that it was asked for by: errors have that of its repository. */
function asCalled(error: unknown, { local, repository }: Place, reference: string): unknown {
  if (local === undefined || !isRegistryError(error) || !error.message.startsWith(`${repository} `))
    return error;
  return reworded(error, `${printable(reference, 1000)}${error.message.slice(repository.length)}`);
}

/** What a plan rests on. */
const WHEN: Readonly<Record<CopyStage, string>> = {
  asking: 'to learn what there is to copy',
  trying: 'if the target has all its parts',
  sending: 'with all that there is to send',
  refused: 'with what the target misses after all',
};

/** Tells what a copy will ask for, and in the end what it has. */
async function withPlan(
  context: Context,
  { places, session, ends }: { readonly places: Places; readonly session: Session; readonly ends: Ends },
  run: (options: CopyOptions) => Promise<Copied>,
): Promise<Copied> {
  const hosts = [ends.from, ends.to].flatMap((end) => end?.host ?? []);
  const [rate] = hosts.flatMap((host) => places.rate(host) ?? []);
  const report = createPlanReport(context, { wanted: true, ...(rate !== undefined && { rate }) });
  session.listen(report.onEvent);
  try {
    return await run({
      onPlan: (plan, stage) => report.revise(planAtEnds(plan, stage, ends), WHEN[stage]),
      requestsToSend: (size) => mostChunks(size, ends.to?.chunkSize),
    });
  } finally {
    report.end();
  }
}

/** Tells how far a copy has come, in bytes of what was found to be sent. */
async function withProgress(
  context: Context,
  run: (hooks: Pick<CopyOptions, 'before' | 'coming' | 'after' | 'skipped'>) => Promise<Copied>,
): Promise<Copied> {
  const progress = createProgress(context, { name: 'copy', unit: 'bytes' });
  /** How much there was of each thing that is under way, in bytes. */
  const come = new Map<string, number>();
  let total = 0;
  // What is read again brings nothing new.
  const reach = ({ descriptor: { digest, size } }: CopyStep, bytes: number): void => {
    const before = come.get(digest);
    if (before === undefined) return;
    const now = Math.min(size, before + bytes);
    progress.advance(now - before);
    come.set(digest, now);
  };
  const end = (step: CopyStep): void => {
    reach(step, step.descriptor.size);
    come.delete(step.descriptor.digest);
  };
  try {
    return await run({
      before({ descriptor: { digest, size } }) {
        // A manifest that was refused goes once more.
        if (!come.has(digest)) progress.expect((total += size));
        come.set(digest, 0);
      },
      coming: reach,
      after: end,
      skipped: end,
    });
  } finally {
    progress.end();
  }
}
