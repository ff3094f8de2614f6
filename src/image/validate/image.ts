import { verifiableAlgorithm, type Reference } from '../../oci/index.ts';
import { isVerificationFailure, type Content, type Options, type Registry } from '../../registry/index.ts';
import { repositoryContents } from './contents.ts';
import { unverifiable } from './descriptor.ts';
import { kindOfType } from './document.ts';
import { must } from './finding.ts';
import { problemsOf, type Problem, type Strictness } from './problem.ts';
import { createReader, type LayerCare } from './reader.ts';
import { walk } from './walk.ts';

export interface ValidateOptions extends Strictness, Options {
  /** How closely layers are looked at: of an image, unless told, whether they are there; of a layout, all bytes. */
  readonly layers?: LayerCare;
}

/**
 * Finds all that is wrong with what stands at a reference, and with all that it refers to: documents by themselves, each
 * descriptor against what it stands for, configs against manifests and indexes, and layers as closely as is wanted.
 * @param reference without a tag and a digest it means `latest`; a digest goes before a tag
 * @throws {RegistryError} what `isAbsent` knows when there is nothing; whatever keeps it from being read.
 */
export async function validateImage(
  registry: Registry,
  { repository, tag = 'latest', digest }: Reference,
  options: ValidateOptions = {},
): Promise<readonly Problem[]> {
  const { layers = 'resolve', signal } = options;
  const aborting = signal === undefined ? {} : { signal };
  let content: Content;
  let bytes: Uint8Array;
  try {
    content = await registry.getManifest(repository, digest ?? tag, aborting);
    bytes = await content.bytes();
  } catch (error) {
    if (isVerificationFailure(error)) return problemsOf([must('', (error as Error).message)], '', options);
    throw error;
  }
  const reader = createReader(repositoryContents(registry, repository, aborting), layers, signal);
  const kind = kindOfType(content.descriptor.mediaType);
  const verified = digest === undefined || verifiableAlgorithm(digest) !== undefined;
  return [
    ...problemsOf(verified ? [] : [unverifiable('', digest)], '', options),
    ...(await walk({ name: '', bytes }, reader, options, kind === undefined ? {} : { kind })),
  ];
}
