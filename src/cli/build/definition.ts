import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Invalid, printable } from '../../oci/index.ts';
import type { BuildOptions } from '../../buildkit/index.ts';
import type { Context } from '../context.ts';
import { chunksOf } from '../input.ts';
import { isRemote } from './contexts.ts';

/** A Dockerfile may have this many bytes: what the frontend reads of it. */
const LIMIT = 16 * 1024 * 1024;

/**
 * The folder to copy from, and the Dockerfile, which may come from standard input: with `-f -`, or with `-` alone, where
 * there is nothing to copy.
 * @throws {Invalid} subject `context`, also where the folder or the file is not there.
 */
export async function definitionOf(
  context: Context,
  folder: string,
  file: string | undefined,
): Promise<Pick<BuildOptions, 'context' | 'dockerfile'>> {
  if (folder === '-' && file !== undefined)
    throw new Invalid(
      'context',
      'only one of CONTEXT and --file can be -: the Dockerfile, from standard input',
    );
  const from = folder === '-' ? {} : { context: folder };
  const isHere = folder !== '-' && !isRemote(folder);
  if (isHere) await checkFolder(folder);
  if (isHere && file !== '-') await checkDockerfile(folder, file);
  if (folder !== '-' && file !== '-') return { ...from, ...(file !== undefined && { dockerfile: file }) };
  return { ...from, dockerfile: { text: await readDockerfile(context) } };
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

async function readDockerfile(context: Context): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunksOf(context, '-')) {
    chunks.push(chunk);
    if ((size += chunk.length) > LIMIT)
      throw new Invalid('context', `the Dockerfile on standard input has more than ${LIMIT} bytes`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new Invalid(
      'context',
      'what comes from standard input is no Dockerfile: to build from a tar, unpack it',
    );
  }
}
