import { stat } from 'node:fs/promises';
import { commandsFor, nameOf, readBuilds, type Commands, type ListedBuild } from '../../builds/index.ts';
import { createTextStore, formatJson, type Ordered, type StoredText } from '../../json/index.ts';
import { Invalid, printable } from '../../oci/index.ts';
import type { Context } from '../context.ts';
import { fail, misuse } from '../failure.ts';
import { chunksOf, inFile } from '../input.ts';
import { write } from '../output.ts';
import { inPieces } from './pieces.ts';

export interface BuildsCommandsFlags {
  readonly shell?: boolean;
}

/** `stowage builds commands BUILDS.json [BUILD_ID…]`: the shell commands that make images. */
export default async function commands(
  this: Context,
  { shell = false }: BuildsCommandsFlags,
  file: string,
  ...ids: readonly string[]
): Promise<void> {
  const created = createdBy(this);
  if (created === undefined) return;
  const form = shell ? asScript : ids.length > 0 ? asDocuments : asMembers;
  try {
    await inFile(file, 'builds', async () => {
      const texts = await readTexts(this, file, ids, (build) =>
        form.text(build, commandsFor(build, created)),
      );
      for await (const piece of inPieces(laidOut(texts, form))) await write(this, piece);
    });
  } catch (error) {
    fail(this, error);
  }
}

/** The last second of the year 9999. */
const LATEST = 253_402_300_799;

/** @see https://reproducible-builds.org/docs/source-date-epoch/ */
function createdBy(context: Context): number | undefined {
  const { SOURCE_DATE_EPOCH: epoch } = context.process.env;
  if (epoch === undefined) return Date.now() / 1000;
  const seconds = /^-?\d{1,12}(?:\.\d+)?$/.test(epoch) ? Number(epoch) : Number.NaN;
  if (seconds <= LATEST) return seconds;
  return misuse(context, `SOURCE_DATE_EPOCH is no number of seconds: ${printable(epoch)}`);
}

/**
 * A text about each build, or about some of them in the order in which they were asked for. When it returns, all builds
 * have been found to be right: of one that is not, nothing may be printed.
 */
async function readTexts(
  context: Context,
  file: string,
  ids: readonly string[],
  textOf: (build: ListedBuild) => string,
): Promise<AsyncIterable<string> | Iterable<string>> {
  const read = async function* (): AsyncGenerator<readonly [id: string, text: string]> {
    const wanted = new Set(ids);
    for await (const build of readBuilds(chunksOf(context, file)))
      if (ids.length === 0 || wanted.has(build.id)) yield [build.id, textOf(build)];
  };
  if (ids.length === 0 && (await canBeReadAgain(file))) {
    for await (const _ of read());
    return textsOf(read());
  }
  const store = createTextStore();
  const kept = new Map<string, StoredText>();
  for await (const [id, text] of read()) kept.set(id, store.keep(text));
  const chosen = ids.length === 0 ? [...kept.values()] : ids.map((id) => kept.get(id) ?? nothingFor(id));
  return textsIn(chosen);
}

function* textsIn(stored: readonly StoredText[]): Generator<string> {
  for (const text of stored) yield text.read();
}

async function* textsOf(pairs: AsyncIterable<readonly [id: string, text: string]>): AsyncGenerator<string> {
  for await (const [, text] of pairs) yield text;
}

function nothingFor(id: string): never {
  throw new Invalid('builds', `there is no build ${printable(id)}`);
}

/** Neither standard input nor a pipe can. */
async function canBeReadAgain(file: string): Promise<boolean> {
  return file !== '-' && (await stat(file)).isFile();
}

async function* laidOut(
  texts: AsyncIterable<string> | Iterable<string>,
  { before, between, behind, nothing }: Form,
): AsyncGenerator<string> {
  let first = true;
  for await (const text of texts) {
    yield first ? before : between;
    yield text;
    first = false;
  }
  yield first ? nothing : behind;
}

/** How the commands of builds are printed. */
interface Form {
  text(build: ListedBuild, commands: Commands): string;
  readonly before: string;
  readonly between: string;
  readonly behind: string;
  readonly nothing: string;
}

/** A JSON document for each. */
const asDocuments: Form = {
  text: (_, each) => formatJson(documentOf(each)),
  before: '',
  between: '\n',
  behind: '\n',
  nothing: '',
};

/** One object of all, by their ids. */
const asMembers: Form = {
  // An object of one, without its braces.
  text: ({ id }, each) => formatJson(new Map([[id, documentOf(each)]])).slice('{\n'.length, -'\n}'.length),
  before: '{\n',
  between: ',\n',
  behind: '\n}\n',
  nothing: '{}\n',
};

const PREAMBLE = '#!/usr/bin/env bash\nset -Eeuo pipefail\n';

/** A script for Bash. */
const asScript: Form = {
  text: (build, { pull, build: make, push }) =>
    [
      // Whatever is in the name, it stays a comment.
      `# ${printable(nameOf(build))} [${printable(build.arch)}]`,
      ...[pull, make, push].filter((command) => command !== ''),
    ].join('\n'),
  before: `${PREAMBLE}\n`,
  between: '\n\n',
  behind: '\n',
  nothing: PREAMBLE,
};

function documentOf({ pull, build, push }: Commands): Ordered {
  return new Map([
    ['pull', pull],
    ['build', build],
    ['push', push],
  ]);
}
