import {
  provenanceOf,
  readBuilds,
  readRunnerEnvironment,
  readWorkflowRun,
  type ListedBuild,
} from '../../builds/index.ts';
import { formatJson } from '../../json/index.ts';
import { Invalid, printable, type Digest } from '../../oci/index.ts';
import { print, type Context } from '../context.ts';
import { fail, misuse } from '../failure.ts';
import { chunksOf, inFile, readSecretDocument } from '../input.ts';

export interface BuildsProvenanceFlags {
  readonly buildId: string;
  readonly digest: Digest;
  readonly github: string;
  readonly runner: string;
}

/** `stowage builds provenance BUILDS.json`: the statement of how an image was made, on standard output. */
export default async function provenance(
  this: Context,
  { buildId, digest, github, runner }: BuildsProvenanceFlags,
  file: string,
): Promise<void> {
  if (github === '-' && runner === '-')
    return misuse(this, 'standard input holds one document: --github or --runner has to name a file');
  try {
    const ofGithub = await readSecretDocument(this, github, 'context');
    const run = await inFile(github, 'context', async () => readWorkflowRun(ofGithub));
    const ofRunner = await readSecretDocument(this, runner, 'context');
    const environment = await inFile(runner, 'context', async () => readRunnerEnvironment(ofRunner));
    const statement = await inFile(file, 'builds', async () =>
      provenanceOf(await find(readBuilds(chunksOf(this, file)), buildId), { run, environment, digest }),
    );
    print(this, formatJson(statement));
  } catch (error) {
    fail(this, error);
  }
}

async function find(builds: AsyncIterable<ListedBuild>, id: string): Promise<ListedBuild> {
  for await (const build of builds) if (build.id === id) return build;
  throw new Invalid('builds', `there is no build ${printable(id)}`);
}
