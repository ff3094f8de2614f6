import pLimit from 'p-limit';
import { errorCode, isRateLimited } from '../../registry/index.ts';
import type { DeployTask } from './task.ts';
import { performTask } from './perform.ts';
import type { PlacedDocument } from './document.ts';
import type { Deployed, DeployOptions } from './options.ts';
import { tagsOf } from './plan.ts';
import { prepare, type Looked, type Prepared } from './prepare.ts';
import { createStepReporter, type StepReporter } from './report.ts';

/** Documents whose turn it is, where several are done at a time. */
const DOCUMENTS = 64;

/**
 * Makes registries have what documents say, with the fewest requests: each reference is asked for once, and nothing else
 * where a tag is as it should be. What is not is pushed as if its children were there, and only those that the registry
 * says it misses are copied from where `lookup` says.
 *
 * A registry that might take half a manifest gets tags when all is there. An index that is to have tags alone it is first
 * given by its digest, which shows whether it refuses it; an image never before its layers. What it has by its digest
 * alone may be half of something, and is looked through before that counts, or a tag is set. So a run that was ended at
 * any moment can be begun anew, and ends the same.
 *
 * What fails does not keep others from being done, but those that need it: each is told by `onStep`, and in the end. Its
 * error is a `RegistryError` with the code that a registry answered, among them:
 * - `MANIFEST_UNKNOWN`, `BLOB_UNKNOWN`, `NAME_UNKNOWN`: what is to be copied is not where `lookup` says
 * - `MANIFEST_INVALID`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`: it is not what was asked for
 * - `MANIFEST_BLOB_UNKNOWN`: a manifest was refused for its children, though they were sent
 * - `UNAUTHORIZED`, `DENIED`: it may not be read, or written
 * - `TOOMANYREQUESTS`, `UNAVAILABLE`: the registry does not answer; what else was to go there is left
 * @throws {Invalid} subject `document`, when one carries a manifest that is malformed, or two want different things under
 * one tag. Nothing was asked or sent then.
 * @throws the signal's reason, when that ended it.
 */
export async function deploy(
  documents: readonly PlacedDocument[],
  options: DeployOptions,
): Promise<Deployed> {
  const { parallel = false, onPlan } = options;
  const prepared = prepare(documents, options, false);
  const { budget, tokens, performing, signal } = prepared;
  onPlan?.(prepared.plan(false), 'documents');

  const reporter = createStepReporter(options);
  const looked = await lookAt(prepared, reporter);
  signal.throwIfAborted();
  const changing = [...looked].flatMap(([task, { wanted, failure }]) =>
    wanted.length > 0 && failure === undefined ? [{ task, wanted }] : [],
  );
  for (const { task, wanted } of changing) {
    const { digest, target } = task;
    budget.change(task, tagsOf(wanted), digest !== undefined && target.whole.has(digest));
  }
  onPlan?.(budget.plan, 'survey');
  await tokens.beforeChanges(changing.map(({ task }) => task));

  const inTurn = pLimit(parallel ? DOCUMENTS : 1);
  const done = new Map<DeployTask, Promise<boolean>>();
  const silent = new Set<string>();
  for (const [task, found] of looked)
    done.set(
      task,
      inTurn(() => realise(task, found)),
    );
  await Promise.allSettled(done.values());
  signal.throwIfAborted();
  budget.end();
  onPlan?.(budget.plan, 'end');
  return reporter.sum;

  /** @returns whether all that the task wants is there now */
  async function realise(task: DeployTask, { wanted, failure }: Looked): Promise<boolean> {
    signal.throwIfAborted();
    if (failure !== undefined) {
      reporter.tell(task, wanted, 'failed', failure);
      return false;
    }
    if (wanted.length === 0) return true;
    const because = await hindrance(task);
    if (because !== undefined) {
      reporter.tell(task, wanted, 'left', { because });
      return false;
    }
    try {
      const tags = wanted.flatMap(({ tag }) => tag ?? []);
      await performTask(task, tags, performing);
    } catch (error) {
      signal.throwIfAborted();
      // It would say so to the others as well, and each of them would have to wait for it.
      if (isRateLimited(error) || errorCode(error) === 'UNAVAILABLE') silent.add(task.target.host);
      reporter.tell(task, wanted, 'failed', { error });
      return false;
    }
    reporter.tell(task, wanted, 'changed');
    return true;
  }

  /** What keeps a task from being begun: the number of a document that failed, or a host that does not answer. */
  async function hindrance({ after, target }: DeployTask): Promise<number | string | undefined> {
    // They are earlier ones, whose turn has come before: nobody waits for ever.
    for (const other of after) if (!(await done.get(other))) return other.document.number;
    signal.throwIfAborted();
    return silent.has(target.host) ? target.host : undefined;
  }
}

/** Asks what there is, and tells what is as it should be. */
async function lookAt({ look }: Prepared, { tell }: StepReporter): Promise<ReadonlyMap<DeployTask, Looked>> {
  const all = new Map<DeployTask, Looked>();
  for await (const [task, looked] of look()) {
    all.set(task, looked);
    const present = task.refs.filter((reference) => !looked.wanted.includes(reference));
    tell(task, present, 'present');
  }
  return all;
}
