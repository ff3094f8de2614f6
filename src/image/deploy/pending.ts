import type { Aim } from './aim.ts';
import type { DeployDocument, PlacedDocument } from './document.ts';
import type { DeployOptions } from './options.ts';
import { planDeploy } from './plan.ts';
import { prepare, type Looked } from './prepare.ts';
import { createTeller } from './tell.ts';

/**
 * The documents that a deploy would change something for, one for each reference, in order. Questions are asked, and
 * nothing else; nothing comes out where all is as it should be. What became of each is told by `onStep`, as in a deploy.
 * @throws {Invalid} subject `document`, when two documents want different things under one tag.
 * @throws the signal's reason, when that ended it.
 */
export async function* pendingDocuments(
  documents: readonly PlacedDocument[],
  options: DeployOptions,
): AsyncGenerator<DeployDocument> {
  const { aims, look, signal } = prepare(documents, options, true);
  options.onPlan?.(planDeploy(documents, { dryRun: true }), 'documents');
  const { tell } = createTeller(options);
  const looking = new Map<PlacedDocument, (readonly [Aim, Promise<Looked>])[]>();
  for (const aim of aims) looking.set(aim.document, [...(looking.get(aim.document) ?? []), [aim, look(aim)]]);
  for (const [document, own] of looking) {
    const pending = new Set<unknown>();
    for (const [aim, asking] of own) {
      const { wanted, failure } = await asking;
      signal.throwIfAborted();
      if (failure !== undefined) {
        tell(aim, wanted, 'failed', failure);
        continue;
      }
      for (const reference of aim.refs)
        tell(aim, [reference], wanted.includes(reference) ? 'changed' : 'present');
      for (const reference of wanted) pending.add(reference);
    }
    const { number: _, line: __, ...plain } = document;
    for (const reference of document.refs) if (pending.has(reference)) yield { ...plain, refs: [reference] };
  }
}
