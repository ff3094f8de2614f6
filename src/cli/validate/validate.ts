import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { folderFiles, validateImage, validateLayout, type ValidateOptions } from '../../image/index.ts';
import { isDigest, type Digest } from '../../oci/index.ts';
import { isLocalReference, type LocalReference } from '../../place/index.ts';
import type { Context } from '../context.ts';
import { fail, misuse } from '../failure.ts';
import type { RegistryFlags } from '../flags.ts';
import { withPlaces } from '../session.ts';
import { validateFile } from './file.ts';
import { report } from './report.ts';

export interface ValidateFlags extends RegistryFlags {
  readonly official?: boolean;
  readonly layers?: boolean;
  readonly json?: boolean;
  readonly fix?: boolean;
}

/** `stowage validate PLACE|FILE`: all that is wrong with it. */
export default async function validate(this: Context, flags: ValidateFlags, target: string): Promise<void> {
  try {
    if (flags.fix && flags.json)
      return misuse(this, '--fix writes a document, and --json a report: not both');
    const meant = await meaning(target);
    if (meant === 'file') return await validateFile(this, target, flags);
    if (flags.fix)
      return misuse(
        this,
        `${target}: --fix is for a file; what has a digest cannot be changed and stay what it is`,
      );
    const options: ValidateOptions = {
      official: flags.official ?? false,
      signal: this.signal,
      ...(flags.layers && { layers: 'unpack' }),
    };
    const validateFolder = async (directory: string): Promise<void> => {
      const problems = await validateLayout(folderFiles(directory), options);
      report(this, flags, { target, problems, nameOf: (name) => inLayout(directory, name) });
    };
    if (meant === 'folder') return await validateFolder(target);
    await withPlaces(this, flags, async (places) => {
      const place = places.open(target);
      const { local } = place;
      if (local?.scheme === 'oci-layout' && isWhole(local)) return validateFolder(local.path);
      const near = local !== undefined && !flags.layers;
      const problems = await validateImage(place.registry, place, {
        ...options,
        ...(near && { layers: 'read' }),
      });
      report(this, flags, {
        target,
        problems,
        nameOf: (digest) => (digest === '' ? target : place.nameOf(digest as Digest)),
      });
    });
  } catch (error) {
    fail(this, error);
  }
}

/** What is meant: what is there on the disk goes before what may be in a registry. */
async function meaning(target: string): Promise<'file' | 'folder' | 'reference'> {
  if (target === '-') return 'file';
  if (isLocalReference(target)) return 'reference';
  const found = await stat(target).catch(() => undefined);
  // A repository may be called so as well; its tag tells then.
  if (found === undefined) return /^[^:@]*\.json$/.test(target) ? 'file' : 'reference';
  return found.isDirectory() ? 'folder' : 'file';
}

/** Whether no image in it is meant, but all of them. */
function isWhole({ tag, name, digest }: LocalReference): boolean {
  return tag === undefined && name === undefined && digest === undefined;
}

function inLayout(directory: string, name: string): string {
  return join(directory, isDigest(name) ? `blobs/${name.replace(':', '/')}` : name);
}
