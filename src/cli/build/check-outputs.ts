import { access, constants, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Output } from '../../buildkit/index.ts';
import { Invalid, printable } from '../../oci/index.ts';

/**
 * Sees that the files and folders of a build can be made, before anything is built.
 * @throws {Invalid} subject `context`.
 */
export async function checkOutputs(outputs: readonly Output[]): Promise<void> {
  for (const output of outputs) {
    if (output.type === 'local') await checkFolder(resolve(output.folder));
    else if ('to' in output && typeof output.to === 'string') await checkFolder(dirname(resolve(output.to)));
  }
}

/** Folders that are not there are made: what counts is the first above them that is. */
async function checkFolder(folder: string): Promise<void> {
  const refuse = (why: string): never => {
    throw new Invalid('context', `--output: ${printable(folder, 1000)} ${why}`);
  };
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined && dirname(folder) !== folder) return checkFolder(dirname(folder));
  if (found?.isDirectory() !== true) return refuse('is not a folder');
  await access(folder, constants.W_OK).catch(() => refuse('cannot be written to'));
}
