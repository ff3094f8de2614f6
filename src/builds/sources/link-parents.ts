import { Invalid, printable } from '../../oci/index.ts';
import { pointerOf } from '../../json/index.ts';
import type { Spelling } from './image-name.ts';
import { targetName, type ImageName, type Parent, type SourceText, type Target } from './target.ts';

/** A parent before it is known where it stands in the file. */
export type DraftParent =
  | { readonly kind: 'source'; readonly from: string; readonly sourceId: string; readonly pointer: string }
  | { readonly kind: 'image'; readonly from: string; readonly image: ImageName };

/** A target before its parents are looked for. */
export interface DraftTarget {
  readonly source: SourceText;
  readonly arch: string;
  readonly tag: string;
  readonly parents: readonly DraftParent[];
}

/** What a sources.json lists. */
export interface Sources {
  /** Each source for each of its architectures, in the order of the file. */
  readonly targets: readonly Target[];
  /** The positions of all of them, parents before their children. */
  readonly order: readonly number[];
  /** The positions of those that others are built on. */
  readonly bases: ReadonlySet<number>;
  /** How the builds of such sources write references down. */
  readonly spelling: Spelling;
}

/**
 * Finds the parents that are targets themselves, wherever they stand.
 * @throws {Invalid} subject `sources`, for parents that are not there, and for circles.
 */
export function linkTargets(drafts: readonly DraftTarget[], spelling: Spelling): Sources {
  const positions = new Map(drafts.map(({ source, arch }, at) => [targetName(source.sourceId, arch), at]));
  const targets = drafts.map(({ parents, ...draft }, position): Target => {
    const link = (parent: DraftParent): Parent => {
      if (parent.kind === 'image') return parent;
      const found = positions.get(targetName(parent.sourceId, draft.arch));
      if (found === undefined)
        throw new Invalid(
          'sources',
          `there is no source ${printable(parent.sourceId)} for ${draft.arch}`,
          parent.pointer,
        );
      return { kind: 'target', from: parent.from, position: found };
    };
    return { ...draft, position, parents: parents.map(link) };
  });
  const children = childrenOf(targets);
  return { targets, order: orderOf(targets, children), bases: new Set(children.keys()), spelling };
}

function childrenOf(targets: readonly Target[]): ReadonlyMap<number, readonly number[]> {
  const children = new Map<number, number[]>();
  for (const { position, parents } of targets)
    for (const parent of parents.filter(isTarget)) {
      const known = children.get(parent.position);
      if (known === undefined) children.set(parent.position, [position]);
      else known.push(position);
    }
  return children;
}

/** Targets whose parents are all in the order come next; when none do and some are left, they go in circles. */
function orderOf(
  targets: readonly Target[],
  children: ReadonlyMap<number, readonly number[]>,
): readonly number[] {
  const missing = targets.map(({ parents }) => parents.filter(isTarget).length);
  const order = missing.flatMap((count, position) => (count === 0 ? [position] : []));
  // Grows while it is walked over.
  for (const position of order)
    for (const child of children.get(position) ?? []) {
      const left = (missing[child] ?? 0) - 1;
      missing[child] = left;
      if (left === 0) order.push(child);
    }
  if (order.length < targets.length) throw circleError(targets, new Set(order));
  return order;
}

function circleError(targets: readonly Target[], ordered: ReadonlySet<number>): Invalid {
  const path: Target[] = [];
  let here = targets.find(({ position }) => !ordered.has(position));
  while (here !== undefined && !path.includes(here)) {
    path.push(here);
    const next = here.parents.find((parent) => isTarget(parent) && !ordered.has(parent.position));
    here = next?.kind === 'target' ? targets[next.position] : undefined;
  }
  const circle = path.slice(here === undefined ? 0 : path.indexOf(here));
  const names = [...circle, ...circle.slice(0, 1)].map(({ source }) => printable(source.key));
  const first = circle[0];
  return new Invalid(
    'sources',
    `parents go in a circle: ${names.join(' → ')}`,
    first && pointerOf([first.source.key, 'arches', first.arch, 'parents']),
  );
}

function isTarget(parent: Parent): parent is Extract<Parent, { kind: 'target' }> {
  return parent.kind === 'target';
}
