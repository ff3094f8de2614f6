import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { BuildOptions } from '../../buildkit/index.ts';
import { Invalid, printable } from '../../oci/index.ts';
import type { Context } from '../context.ts';
import { isRemote } from './remote.ts';
import { dockerfileOnInput, standardInput } from './standard-input.ts';

/** What is copied from, and the Dockerfile. */
type Definition = Pick<BuildOptions, 'context' | 'dockerfile'>;

/**
 * Finds what is copied from, and the Dockerfile, as Docker's command line does: a folder, a URL, or with `-` a tar or a
 * Dockerfile from standard input, from which the Dockerfile comes with `-f -` as well.
 * @param where CONTEXT
 * @param file what `--file` names: from where the user is, or in the context, if that is not a folder
 * @throws {Invalid} subject `context`, also where the folder or the file is not there.
 */
export async function definitionOf(
  context: Context,
  where: string,
  file: string | undefined,
): Promise<Definition> {
  if (where === '-') return definitionOnInput(context, file);
  const isUrl = isRemote(where) && (await kindOf(where)) !== 'folder';
  if (!isUrl) await checkFolder(where);
  const from: Definition = { context: isUrl ? { url: where } : { folder: where } };
  if (file === '-') return { ...from, dockerfile: { text: await dockerfileOnInput(context) } };
  if (isUrl && file !== undefined && !isAbsolute(file)) return { ...from, dockerfile: { inContext: file } };
  if (!isUrl || file !== undefined) await checkDockerfile(where, file);
  return { ...from, ...(file !== undefined && { dockerfile: { file } }) };
}

async function definitionOnInput(context: Context, file: string | undefined): Promise<Definition> {
  const refuse = (why: string): never => {
    throw new Invalid('context', why);
  };
  if (file === '-') return refuse('only one of CONTEXT and --file can be -: there is one standard input');
  const input = await standardInput(context);
  if ('tar' in input)
    return { context: input, ...(file !== undefined && { dockerfile: { inContext: file } }) };
  if (file !== undefined)
    return refuse(`--file ${printable(file, 200)}: standard input is a Dockerfile, too`);
  return { dockerfile: input };
}

async function checkFolder(folder: string): Promise<void> {
  const kind = await kindOf(folder);
  if (kind === 'folder') return;
  throw new Invalid(
    'context',
    kind === 'file'
      ? `${printable(folder, 200)} is a file, and not a folder to build in; a Dockerfile is named with --file`
      : `there is no folder ${printable(folder, 200)} to build in`,
  );
}

/** Without a name, the frontend takes one in small letters as well. */
async function checkDockerfile(folder: string, file: string | undefined): Promise<void> {
  const names = file === undefined ? ['Dockerfile', 'dockerfile'].map((name) => join(folder, name)) : [file];
  for (const name of names) if ((await kindOf(name)) === 'file') return;
  throw new Invalid(
    'context',
    file === undefined
      ? `there is no Dockerfile in ${printable(folder, 200)}; another one is named with --file`
      : `there is no file ${printable(file, 200)}; --file is found from where you are, and not from the folder to build in`,
  );
}

async function kindOf(path: string): Promise<'folder' | 'file' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}
