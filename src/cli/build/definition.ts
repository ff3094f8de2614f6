import { Invalid } from '../../oci/index.ts';
import type { BuildOptions } from '../../buildkit/index.ts';
import type { Context } from '../context.ts';
import { chunksOf } from '../input.ts';

/** A Dockerfile may have this many bytes: what the frontend reads of it. */
const LIMIT = 16 * 1024 * 1024;

/**
 * The folder to copy from, and the Dockerfile, which may come from standard input: with `-f -`, or with `-` alone, where
 * there is nothing to copy.
 * @throws {Invalid} subject `context`.
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
  if (folder !== '-' && file !== '-') return { ...from, ...(file !== undefined && { dockerfile: file }) };
  return { ...from, dockerfile: { text: await readDockerfile(context) } };
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
