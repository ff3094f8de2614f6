import type { FullReference } from '../../oci/index.ts';
import type { DeployDocument, PlacedDocument } from './document.ts';
import type { DeployOptions } from './options.ts';
import { prepare } from './prepare.ts';
import { createStepReporter } from './report.ts';

/**
 * The documents that a deploy would change something for, one for each reference, in order. Questions are asked, and
 * nothing else; nothing comes out where all is as it should be. What became of each is told by `onStep`, as in a deploy.
 * @throws {Invalid} subject `document`, when one carries a manifest that is malformed, or two want different things under one
 * tag.
 * @throws the signal's reason, when that ended it.
 */
export async function* pendingDocuments(
  documents: readonly PlacedDocument[],
  options: DeployOptions,
): AsyncGenerator<DeployDocument> {
  const prepared = prepare(documents, options, true);
  const { look, signal } = prepared;
  options.onPlan?.(prepared.plan(true), 'documents');
  const { tell } = createStepReporter(options);
  let current: PlacedDocument | undefined;
  let changing = new Set<FullReference>();
  for await (const [task, { wanted, failure }] of look()) {
    signal.throwIfAborted();
    if (current !== undefined && current !== task.document) {
      yield* changed(current, changing);
      changing = new Set();
    }
    current = task.document;
    if (failure !== undefined) {
      tell(task, wanted, 'failed', failure);
      continue;
    }
    for (const reference of task.refs)
      tell(task, [reference], wanted.includes(reference) ? 'changed' : 'present');
    for (const reference of wanted) changing.add(reference);
  }
  if (current !== undefined) yield* changed(current, changing);
}

function* changed(
  { number: _, line: __, ...document }: PlacedDocument,
  changing: ReadonlySet<FullReference>,
): Generator<DeployDocument> {
  for (const reference of document.refs)
    if (changing.has(reference)) yield { ...document, refs: [reference] };
}
