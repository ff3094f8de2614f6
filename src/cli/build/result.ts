import { writeFile } from 'node:fs/promises';
import type { BuildResult } from '../../buildkit/index.ts';
import { checkTarget } from '../input.ts';

/** Files that tell what became of a build. */
export interface ResultFlags {
  readonly iidfile?: string;
  readonly metadataFile?: string;
}

/** Sees that they can be written, before anything is built. @throws {Invalid} subject `context`. */
export async function checkResultFiles({ iidfile, metadataFile }: ResultFlags): Promise<void> {
  for (const path of [iidfile, metadataFile]) if (path !== undefined) await checkTarget(path, 'context');
}

/** Writes the digest of the image, and what the builder told. */
export async function writeResult(
  { iidfile, metadataFile }: ResultFlags,
  { digest, response }: BuildResult,
): Promise<void> {
  if (iidfile !== undefined) await writeFile(iidfile, digest ?? '');
  if (metadataFile === undefined) return;
  const told = Object.entries(response).map(([name, value]) => [name, readable(value)] as const);
  const inOrder = told.toSorted(([a], [b]) => (a < b ? -1 : 1));
  await writeFile(metadataFile, `${JSON.stringify(Object.fromEntries(inOrder), null, 2)}\n`);
}

/** What is JSON in base64, as JSON; all else as it is. */
function readable(text: string): unknown {
  if (!/^(?:ey|W3|W1)[A-Za-z0-9+/]*={0,2}$/.test(text)) return text;
  try {
    return JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as unknown;
  } catch {
    return text;
  }
}
