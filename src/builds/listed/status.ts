import type { ListedBuild } from './listed-build.ts';
import { targetName, type Target } from '../sources/target.ts';

/** How far things are. */
export interface Progress {
  /** What is there. */
  readonly built: number;
  /** What could be built now. */
  readonly needed: number;
  /** What cannot be built yet, because something that it rests on is missing; if the sources are known. */
  readonly waiting?: number;
}

export interface Status {
  /** By name of the architecture, in their order. */
  readonly arches: ReadonlyMap<string, Progress>;
  readonly total: Progress;
}

/**
 * Counts what is built, what could be, and what has to wait.
 * @param sources all that is to be built, once it can; what has no build among these is waiting
 * @throws {Invalid} subject `builds`, with a pointer.
 */
export async function statusOf(
  builds: AsyncIterable<ListedBuild> | Iterable<ListedBuild>,
  sources?: readonly Target[],
): Promise<Status> {
  const counts = new Map<string, Counts>();
  const listed = new Set<string>();
  for await (const { arch, at, resolved } of builds) {
    countsOf(counts, arch)[resolved === undefined ? 'needed' : 'built']++;
    if (sources !== undefined) listed.add(targetName(at.text('build', 'sourceId'), arch));
  }
  for (const { source, arch } of sources ?? [])
    if (!listed.has(targetName(source.sourceId, arch))) countsOf(counts, arch).waiting++;
  const shown = ({ built, needed, waiting }: Counts): Progress =>
    sources === undefined ? { built, needed } : { built, needed, waiting };
  const arches = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    arches: new Map(arches.map(([arch, each]) => [arch, shown(each)])),
    total: shown(arches.reduce((sum, [, each]) => plus(sum, each), none())),
  };
}

interface Counts {
  built: number;
  needed: number;
  waiting: number;
}

function none(): Counts {
  return { built: 0, needed: 0, waiting: 0 };
}

function plus(a: Counts, b: Counts): Counts {
  return { built: a.built + b.built, needed: a.needed + b.needed, waiting: a.waiting + b.waiting };
}

function countsOf(counts: Map<string, Counts>, arch: string): Counts {
  const known = counts.get(arch) ?? none();
  counts.set(arch, known);
  return known;
}
