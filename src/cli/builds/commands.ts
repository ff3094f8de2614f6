import { commandsFor, nameOf, readBuilds, type Commands, type ListedBuild } from '../../builds/index.ts';
import { formatJson, type Ordered } from '../../json/index.ts';
import { Invalid, printable } from '../../oci/index.ts';
import type { Context } from '../context.ts';
import { fail, misuse } from '../failure.ts';
import { chunksOf, inFile } from '../input.ts';
import { write } from '../output.ts';

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
    const found = await inFile(file, 'builds', () =>
      readTexts(this, file, ids, (build) => form.text(build, commandsFor(build, created))),
    );
    for (const [at, text] of found.entries()) {
      await write(this, at === 0 ? form.before : form.between);
      await write(this, text.toString());
    }
    await write(this, found.length === 0 ? form.nothing : form.behind);
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
 * A text about each build, or about some of them in the order in which they were asked for. As bytes: nothing is printed
 * before all builds have been read, and on the heap they would take a multiple of the room.
 */
async function readTexts(
  context: Context,
  file: string,
  ids: readonly string[],
  textOf: (build: ListedBuild) => string,
): Promise<readonly Uint8Array[]> {
  const texts = new Map<string, Uint8Array>();
  const wanted = new Set(ids);
  for await (const build of readBuilds(chunksOf(context, file)))
    if (ids.length === 0 || wanted.has(build.id)) texts.set(build.id, Buffer.from(textOf(build)));
  if (ids.length === 0) return [...texts.values()];
  return ids.map((id) => {
    const text = texts.get(id);
    if (text === undefined) throw new Invalid('builds', `there is no build ${printable(id)}`);
    return text;
  });
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
