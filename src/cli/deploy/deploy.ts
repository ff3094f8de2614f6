import { mostChunks } from '../../client/index.ts';
import {
  deploy as deployDocuments,
  formatDocument,
  pendingDocuments,
  readDocuments,
  type Deployed,
  type DeployOptions,
  type DeployStep,
  type PlacedDocument,
} from '../../image/index.ts';
import { familiarReference, Invalid } from '../../oci/index.ts';
import type { Places } from '../../place/index.ts';
import { say, type Context } from '../context.ts';
import { withDeployPlan } from './plan.ts';
import { exitCodeOf, exitCodes } from '../exit-code.ts';
import { describeFailure, fail } from '../failure.ts';
import type { RegistryFlags } from '../flags.ts';
import { chunksOf } from '../input.ts';
import { settingsFor } from '../report/observe.ts';
import { write } from '../output.ts';
import { createProgress } from '../report/progress.ts';
import { withPlaces } from '../session.ts';

export interface DeployFlags extends RegistryFlags {
  readonly dryRun?: boolean;
  readonly parallel?: boolean;
  readonly plan?: boolean;
  readonly targetsVerify?: boolean;
}

/** `stowage deploy`: documents on standard input; with `--dry-run`, those that would change something on standard output. */
export default async function deploy(this: Context, flags: DeployFlags): Promise<void> {
  const documents = await readAll(this).catch((error: unknown) => fail(this, error));
  if (documents === undefined) return;
  const isDry = flags.dryRun === true;
  // What was in a repository the last time says nothing about what is there now, so each run asks for itself.
  await withPlaces(
    this,
    flags,
    async (places, session) => {
      let isAsked = false;
      session.listen(({ type }) => void (isAsked ||= type === 'token'));
      try {
        const settings = await settingsFor(this, flags);
        const options: DeployOptions = {
          ...wishesOf(flags, places, this.signal),
          authorize: async (host, wants) => {
            // One that has let us in without asking who we are would have to be asked whether it wants to know.
            if (isAsked) await places.authorize(host, wants, { signal: this.signal });
          },
          requestsToSend: (host, size) => mostChunks(size, settings.of(host).chunkSize),
        };
        const run = (hooks: Pick<DeployOptions, 'onPlan'>): Promise<Deployed> =>
          withProgress(this, documents, isDry, (onStep) => {
            const all = { ...options, ...hooks, onStep };
            return isDry ? preview(this, documents, all) : deployDocuments(documents, all);
          });
        const done = flags.plan
          ? await withDeployPlan(this, { places, session, documents }, run)
          : await run({});
        conclude(this, done, isDry);
      } catch (error) {
        fail(this, ofInput(error));
      }
    },
    { keepContent: false },
  );
}

/** All of them: nothing is to be sent of a stream of which one is malformed. */
async function readAll(context: Context): Promise<readonly PlacedDocument[]> {
  const documents: PlacedDocument[] = [];
  try {
    for await (const document of readDocuments(chunksOf(context, '-'))) documents.push(document);
  } catch (error) {
    throw ofInput(error);
  }
  return documents;
}

/** Documents that are malformed, or at odds, say where they were read. */
function ofInput(error: unknown): unknown {
  return error instanceof Invalid && (error.subject === 'document' || error.subject === 'json')
    ? new Invalid('document', `standard input: ${error.message}`)
    : error;
}

function wishesOf(
  { parallel, targetsVerify }: DeployFlags,
  places: Places,
  signal: AbortSignal,
): DeployOptions {
  return {
    signal,
    registryOf: (host) => places.registry(host),
    ...(parallel !== undefined && { parallel }),
    ...(targetsVerify !== undefined && { targetsVerify }),
  };
}

/** Prints what would change. */
async function preview(
  context: Context,
  documents: readonly PlacedDocument[],
  options: DeployOptions,
): Promise<Deployed> {
  const done = { present: 0, changed: 0, failed: [] as DeployStep[] };
  const onStep = (step: DeployStep): void => {
    if (step.outcome === 'present' || step.outcome === 'changed') done[step.outcome]++;
    else done.failed.push(step);
    options.onStep?.(step);
  };
  for await (const document of pendingDocuments(documents, { ...options, onStep }))
    await write(context, `${formatDocument(document)}\n`);
  return done;
}

/** Tells what becomes of references, and how far all of it has come. */
async function withProgress(
  context: Context,
  documents: readonly PlacedDocument[],
  isDry: boolean,
  run: (onStep: (step: DeployStep) => void) => Promise<Deployed>,
): Promise<Deployed> {
  const progress = createProgress(context, { name: 'deploy', unit: 'references' });
  progress.expect(documents.reduce((sum, { refs }) => sum + refs.length, 0));
  try {
    return await run((step) => {
      progress.advance();
      const line = step.outcome === 'changed' && isDry ? undefined : lineOf(step);
      if (line !== undefined) say(context, line);
    });
  } finally {
    progress.end();
  }
}

/** What is said of a reference: nothing, where it was as it should be. */
function lineOf({ outcome, reference, document, digest, error, because }: DeployStep): string | undefined {
  const { digest: _, ...name } = reference;
  const place = familiarReference(reference.tag === undefined ? reference : name);
  const origin = `document ${document.number}, line ${document.line}`;
  switch (outcome) {
    case 'present':
      return undefined;
    case 'changed':
      return reference.tag === undefined ? place : `${place} is ${digest}`;
    case 'failed':
      return `stowage: ${place} (${origin}): ${describeFailure(error)}`;
    case 'left':
      return `stowage: ${place} (${origin}): not begun, as ${typeof because === 'number' ? `document ${because} failed` : `${because} does not answer`}`;
  }
}

/** Tells the sums, and leaves the exit code that goes with them. */
function conclude(context: Context, { present, changed, failed }: Deployed, isDry: boolean): void {
  const [first] = failed.filter(({ outcome }) => outcome === 'failed');
  say(
    context,
    [
      isDry ? `${changed} would change` : `${changed} changed`,
      `${present} as they should be`,
      ...(failed.length > 0 ? [`${failed.length} failed`] : []),
    ].join(', '),
  );
  if (failed.length === 0) return;
  context.process.exitCode = present + changed > 0 ? exitCodes.partlyDone : exitCodeOf(first?.error);
}
