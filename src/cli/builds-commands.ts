import { commandsFor, nameOf, readBuilds, type Commands, type ListedBuild } from '../builds/index.ts';
import { formatJson, type Ordered } from '../json/index.ts';
import { Invalid, printable } from '../oci/index.ts';
import { print, type Context } from './context.ts';
import { fail, misuse } from './failure.ts';
import { chunksOf, inFile } from './input.ts';

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
  try {
    const found = await inFile(file, 'builds', () => readCommands(this, file, ids, created));
    if (shell) print(this, scriptOf(found));
    else if (ids.length === 0) print(this, formatJson(new Map(found.map((each) => [each.id, asJson(each)]))));
    else for (const each of found) print(this, formatJson(asJson(each)));
  } catch (error) {
    fail(this, error);
  }
}

/** @see https://reproducible-builds.org/docs/source-date-epoch/ */
function createdBy(context: Context): number | undefined {
  const { SOURCE_DATE_EPOCH: epoch } = context.process.env;
  if (epoch === undefined) return Date.now() / 1000;
  const seconds = /^-?\d{1,12}(?:\.\d+)?$/.test(epoch) ? Number(epoch) : Number.NaN;
  if (seconds <= LATEST) return seconds;
  return misuse(context, `SOURCE_DATE_EPOCH is no number of seconds: ${printable(epoch)}`);
}

/** The last second of the year 9999. */
const LATEST = 253_402_300_799;

interface NamedCommands {
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly commands: Commands;
}

/** Those of all builds, or of some in the order in which they were asked for. */
async function readCommands(
  context: Context,
  file: string,
  ids: readonly string[],
  created: number,
): Promise<readonly NamedCommands[]> {
  const found = new Map<string, NamedCommands>();
  const wanted = new Set(ids);
  for await (const build of readBuilds(chunksOf(context, file)))
    if (ids.length === 0 || wanted.has(build.id)) found.set(build.id, named(build, created));
  if (ids.length === 0) return [...found.values()];
  return ids.map((id) => {
    const commands = found.get(id);
    if (commands === undefined) throw new Invalid('builds', `there is no build ${printable(id)}`);
    return commands;
  });
}

function named(build: ListedBuild, created: number): NamedCommands {
  return {
    id: build.id,
    name: `${printable(nameOf(build))} [${printable(build.arch)}]`,
    commands: commandsFor(build, created),
  };
}

function asJson({ commands: { pull, build, push } }: NamedCommands): Ordered {
  return new Map([
    ['pull', pull],
    ['build', build],
    ['push', push],
  ]);
}

function scriptOf(all: readonly NamedCommands[]): string {
  const parts = all.map(({ name, commands: { pull, build, push } }) =>
    [`# ${name}`, ...[pull, build, push].filter((command) => command !== '')].join('\n'),
  );
  return ['#!/usr/bin/env bash\nset -Eeuo pipefail', ...parts].join('\n\n');
}
