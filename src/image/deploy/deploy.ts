import pLimit from 'p-limit';
import { errorCode, isRateLimited } from '../../registry/index.ts';
import { ahead } from './ahead.ts';
import type { Aim } from './aim.ts';
import { bringAim } from './bring.ts';
import type { PlacedDocument } from './document.ts';
import type { Deployed, DeployOptions } from './options.ts';
import { tagsOf } from './plan.ts';
import { prepare, type Looked, type Prepared } from './prepare.ts';
import { createTeller, type Teller } from './tell.ts';

/** Documents whose turn it is, where several are done at a time. */
const DOCUMENTS = 64;

/**
 * Makes registries have what documents say, with the fewest requests: each reference is asked for once, and nothing else
 * where all is as it should be. What is not is pushed as if its children were there, and only those that the registry
 * says it misses are copied from where `lookup` says. A registry that might take half a manifest is first given it by its
 * digest, and its tags when it is whole. So a run that was ended at any moment can be begun anew, and ends the same.
 *
 * What fails does not keep others from being done, but those that need it: each is told by `onStep`, and in the end.
 * @throws {Invalid} subject `document`, when two documents want different things under one tag; nothing was sent then.
 * @throws the signal's reason, when that ended it.
 */
export async function deploy(
  documents: readonly PlacedDocument[],
  options: DeployOptions,
): Promise<Deployed> {
  const { parallel = false, onPlan } = options;
  const prepared = prepare(documents, options, false);
  const { aims, budget, entrance, bringing, signal } = prepared;
  onPlan?.(prepared.plan(false), 'documents');

  const teller = createTeller(options);
  const looked = await lookAt(aims, prepared, teller);
  signal.throwIfAborted();
  const changing = [...looked].flatMap(([aim, { wanted, failure }]) =>
    wanted.length > 0 && failure === undefined ? [{ aim, wanted }] : [],
  );
  for (const { aim, wanted } of changing) {
    const { digest, target } = aim;
    budget.change(aim, tagsOf(wanted), digest !== undefined && target.whole.has(digest));
  }
  onPlan?.(budget.plan, 'survey');
  await entrance.beforeChanges(changing.map(({ aim }) => aim));

  const inTurn = pLimit(parallel ? DOCUMENTS : 1);
  const done = new Map<Aim, Promise<boolean>>();
  const silent = new Set<string>();
  for (const [aim, found] of looked)
    done.set(
      aim,
      inTurn(() => realise(aim, found)),
    );
  await Promise.allSettled(done.values());
  signal.throwIfAborted();
  budget.end();
  onPlan?.(budget.plan, 'end');
  return teller.sum;

  /** @returns whether all that the aim wants is there now */
  async function realise(aim: Aim, { wanted, failure }: Looked): Promise<boolean> {
    signal.throwIfAborted();
    if (failure !== undefined) {
      teller.tell(aim, wanted, 'failed', failure);
      return false;
    }
    if (wanted.length === 0) return true;
    const because = await hindrance(aim);
    if (because !== undefined) {
      teller.tell(aim, wanted, 'left', { because });
      return false;
    }
    try {
      const tags = wanted.flatMap(({ tag }) => tag ?? []);
      await bringAim(aim, tags, bringing);
    } catch (error) {
      signal.throwIfAborted();
      // It would say so to the others as well, and each of them would have to wait for it.
      if (isRateLimited(error) || errorCode(error) === 'UNAVAILABLE') silent.add(aim.target.host);
      teller.tell(aim, wanted, 'failed', { error });
      return false;
    }
    teller.tell(aim, wanted, 'changed');
    return true;
  }

  /** What keeps an aim from being begun: the number of a document that failed, or a host that does not answer. */
  async function hindrance({ after, target }: Aim): Promise<number | string | undefined> {
    // They are earlier ones, whose turn has come before: nobody waits for ever.
    for (const other of after) if (!(await done.get(other))) return other.document.number;
    signal.throwIfAborted();
    return silent.has(target.host) ? target.host : undefined;
  }
}

/** Asks what there is, and tells what is as it should be. */
async function lookAt(
  aims: readonly Aim[],
  { look }: Prepared,
  { tell }: Teller,
): Promise<ReadonlyMap<Aim, Looked>> {
  const all = new Map<Aim, Looked>();
  for await (const [aim, looked] of ahead(aims, look)) {
    all.set(aim, looked);
    const present = aim.refs.filter((reference) => !looked.wanted.includes(reference));
    tell(aim, present, 'present');
  }
  return all;
}
