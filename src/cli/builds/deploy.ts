import { deployDocuments, deployedBefore, readBuilds } from '../../builds/index.ts';
import { formatJson } from '../../json/index.ts';
import type { Context } from '../context.ts';
import { createArchCheck } from './arch-check.ts';
import { documentsIn } from '../documents-in.ts';
import { fail } from '../failure.ts';
import { chunksOf, inFile, leftBefore } from '../input.ts';
import { write } from '../output.ts';

export interface BuildsDeployFlags {
  readonly arch?: string;
  readonly past?: string;
}

/** `stowage builds deploy BUILDS.json`: documents for `stowage deploy` on standard output. */
export default async function deploy(
  this: Context,
  { arch, past: before }: BuildsDeployFlags,
  file: string,
): Promise<void> {
  const arches = createArchCheck(this, arch);
  try {
    const pastFile = leftBefore(this, before);
    const past =
      pastFile !== undefined &&
      (await inFile(pastFile, 'document', () =>
        deployedBefore(documentsIn(chunksOf(this, pastFile), (document) => document)),
      ));
    await inFile(file, 'builds', async () => {
      const builds = arches.watch(readBuilds(chunksOf(this, file)));
      for await (const document of deployDocuments(builds, arch === undefined ? {} : { arch }))
        if (!past || !past(document)) await write(this, `${formatJson(document)}\n`);
    });
    arches.tell(file);
  } catch (error) {
    fail(this, error);
  }
}
