import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { folderFiles, validateImage, validateLayout, type ValidateOptions } from '../../image/index.ts';
import { isDigest, type Digest } from '../../oci/index.ts';
import { isLayoutReference, parseLayoutReference, type LayoutReference } from '../../place/index.ts';
import { fromInvalid } from '../../registry/index.ts';
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
    if (meant.kind === 'file') return await validateFile(this, target, flags);
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
    if (meant.kind === 'layout') {
      const problems = await validateLayout(folderFiles(meant.directory), options);
      return report(this, flags, { target, problems, nameOf: (name) => inLayout(meant.directory, name) });
    }
    await withPlaces(this, flags, async (places) => {
      const place = places.open(target);
      const near = isLayoutReference(target) && !flags.layers;
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

type Meaning =
  { readonly kind: 'file' | 'reference' } | { readonly kind: 'layout'; readonly directory: string };

/** What is meant: what is there on the disk goes before what may be in a registry. */
async function meaning(target: string): Promise<Meaning> {
  if (target === '-') return { kind: 'file' };
  if (isLayoutReference(target)) {
    const { directory, tag, digest } = layoutOf(target);
    return tag === undefined && digest === undefined ? { kind: 'layout', directory } : { kind: 'reference' };
  }
  const found = await stat(target).catch(() => undefined);
  // A repository may be called so as well; its tag tells then.
  if (found === undefined) return { kind: /^[^:@]*\.json$/.test(target) ? 'file' : 'reference' };
  return found.isDirectory() ? { kind: 'layout', directory: target } : { kind: 'file' };
}

function layoutOf(reference: string): LayoutReference {
  try {
    return parseLayoutReference(reference);
  } catch (error) {
    throw fromInvalid(error, 'REFERENCE_INVALID', { reference });
  }
}

function inLayout(directory: string, name: string): string {
  return join(directory, isDigest(name) ? `blobs/${name.replace(':', '/')}` : name);
}
