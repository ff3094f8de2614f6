import { access } from 'node:fs/promises';
import {
  formatIndexes,
  mergeBuilds,
  mergeCaches,
  parseIndexCache,
  parseSources,
  type CachePart,
  type IndexCache,
} from '../../builds/index.ts';
import type { Context } from '../context.ts';
import { fail, misuse } from '../failure.ts';
import { chunksOf, inFile } from '../input.ts';
import { write } from '../output.ts';
import { inPieces } from './pieces.ts';

export interface MergeFlags {
  readonly caches?: boolean;
}

/** `stowage builds merge SOURCES PART…`: the builds of all parts, as one run would have written them. */
export default async function merge(
  this: Context,
  { caches }: MergeFlags,
  ...files: readonly string[]
): Promise<void> {
  if (!caches && files.slice(1).includes('-'))
    return misuse(this, 'parts are read twice, so none of them can be standard input');
  try {
    const merged = caches
      ? formatIndexes(mergeCaches(await readCaches(this, files)))
      : await readParts(this, files);
    for await (const piece of inPieces(merged)) await write(this, piece);
  } catch (error) {
    fail(this, error);
  }
}

async function readCaches(context: Context, files: readonly string[]): Promise<readonly CachePart[]> {
  const read = (name: string): Promise<IndexCache> =>
    inFile(name, 'cache', () => parseIndexCache(chunksOf(context, name)));
  return Promise.all(files.map(async (name) => ({ name, cache: await read(name) })));
}

async function readParts(
  context: Context,
  [file = '', ...files]: readonly string[],
): Promise<AsyncIterable<string>> {
  const sources = await inFile(file, 'sources', () => parseSources(chunksOf(context, file)));
  for (const name of files) await inFile(name, 'builds', () => access(name));
  return mergeBuilds(
    sources,
    files.map((name) => ({ name, read: () => chunksOf(context, name) })),
  );
}
