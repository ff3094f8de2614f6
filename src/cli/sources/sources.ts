import {
  computedFieldsOf,
  entryName,
  mergeSources,
  readComputedFields,
  readSourceEntry,
  tagsToAskFor,
  withComputedFields,
  type ComputedFields,
  type SourceEntry,
} from '../../builds/index.ts';
import { formatJson, type Ordered } from '../../json/index.ts';
import { askBashbrew, NoBashbrew } from './bashbrew.ts';
import { say, type Context } from '../context.ts';
import { documentsIn } from '../documents-in.ts';
import { fail, misuse } from '../failure.ts';
import { chunksOf, inFile, leftBefore } from '../input.ts';
import { write } from '../output.ts';
import { pinsOf } from './pins.ts';

export interface SourcesFlags {
  readonly cacheFile?: string;
  readonly pins?: string;
  readonly entries?: string;
}

/** `stowage sources [NAME…]`: a sources.json on standard output. */
export default async function sources(
  this: Context,
  flags: SourcesFlags,
  ...names: readonly string[]
): Promise<void> {
  if (flags.entries !== undefined && names.length > 0)
    return misuse(this, 'either names, of which bashbrew is asked, or --entries, which it printed before');
  try {
    const pins = await pinsOf(this, flags.pins);
    const known = await readKnown(this, leftBefore(this, flags.cacheFile));
    const from = flags.entries ?? 'bashbrew';
    const merged = await inFile(from, 'sources', async () => {
      const entries = await entriesOf(this, flags.entries, names, known);
      return mergeSources(entries, pins);
    });
    await write(this, `${formatJson(merged)}\n`);
  } catch (error) {
    if (error instanceof NoBashbrew) return misuse(this, error.message);
    fail(this, error);
  }
}

type Known = ReadonlyMap<string, ComputedFields>;

/** What an earlier run found out. */
async function readKnown(context: Context, file: string | undefined): Promise<Known> {
  if (file === undefined) return new Map();
  return inFile(file, 'sources', () => readComputedFields(chunksOf(context, file)));
}

/** What bashbrew printed, or prints now: all that is dear of what is not known, and only that. */
async function entriesOf(
  context: Context,
  file: string | undefined,
  names: readonly string[],
  known: Known,
): Promise<readonly SourceEntry[]> {
  if (file !== undefined)
    return (await entriesIn(context, file)).map((entry) => withComputedFields(entry, known));
  if (known.size === 0) return told(context, askBashbrew(context, names, true));
  const entries: SourceEntry[] = [];
  for await (const entry of askBashbrew(context, names, false))
    entries.push(withComputedFields(entry, known));
  const tags = tagsToAskFor(entries);
  if (tags.length === 0) return entries;
  const found = await told(context, askBashbrew(context, tags, true));
  const fresh = new Map(found.flatMap(({ document }) => [...computedFieldsOf(document)]));
  return entries.map((entry) => withComputedFields(entry, fresh));
}

/** One entry for each document, or a list of them in one. */
async function entriesIn(context: Context, file: string): Promise<readonly SourceEntry[]> {
  const entries: SourceEntry[] = [];
  const read = (document: Ordered): readonly SourceEntry[] =>
    Array.isArray(document)
      ? (document as readonly Ordered[]).map((entry, at) => readSourceEntry(entry, [at]))
      : [readSourceEntry(document)];
  for await (const some of documentsIn(chunksOf(context, file), read)) entries.push(...some);
  return entries;
}

/** It takes long, so each is told as it comes. */
async function told(context: Context, entries: AsyncIterable<SourceEntry>): Promise<readonly SourceEntry[]> {
  const found: SourceEntry[] = [];
  for await (const entry of entries) {
    say(context, `${entryName(entry)}: ${entry.at.findText('sourceId') ?? ''}`);
    found.push(entry);
  }
  return found;
}
