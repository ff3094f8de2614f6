import { parseSources, readBuilds, statusOf, type Progress, type Status } from '../../builds/index.ts';
import { print, type Context } from '../context.ts';
import { fail } from '../failure.ts';
import { chunksOf, inFile } from '../input.ts';
import { tableOf } from '../report/table.ts';

export interface BuildsStatusFlags {
  readonly sources?: string;
  readonly json?: boolean;
}

/** `stowage builds status BUILDS.json`: how many builds are there, and how many are not. */
export default async function status(
  this: Context,
  { sources, json }: BuildsStatusFlags,
  file: string,
): Promise<void> {
  try {
    const targets =
      sources === undefined
        ? undefined
        : await inFile(sources, 'sources', async () => (await parseSources(chunksOf(this, sources))).targets);
    const found = await inFile(file, 'builds', () => statusOf(readBuilds(chunksOf(this, file)), targets));
    for (const line of json ? [asJson(found)] : asTable(found)) print(this, line);
  } catch (error) {
    fail(this, error);
  }
}

function asJson({ arches, total }: Status): string {
  return JSON.stringify({ arches: Object.fromEntries(arches), total }, null, '\t');
}

function asTable({ arches, total }: Status): readonly string[] {
  const row = (name: string, { built, needed, waiting }: Progress): readonly string[] => [
    name,
    String(built),
    String(needed),
    ...(waiting === undefined ? [] : [String(waiting)]),
  ];
  const head = ['ARCH', 'BUILT', 'NEEDED', ...(total.waiting === undefined ? [] : ['WAITING'])];
  return tableOf([head, ...[...arches].map(([arch, progress]) => row(arch, progress)), row('all', total)]);
}
