import { type Descriptor } from '../../oci/index.ts';
import {
  errorCode,
  isVerificationFailure,
  type Content,
  type Options,
  type Registry,
} from '../../registry/index.ts';
import { isAbsent } from '../absent.ts';
import { must, within, type Finding } from './finding.ts';

/** Where what a document refers to can be read. */
export interface Contents {
  manifest(descriptor: Descriptor): Promise<Content>;
  blob(descriptor: Descriptor): Promise<Content>;
  /** Whether a blob is there. @returns its size in bytes */
  blobSize(descriptor: Descriptor): Promise<number>;
}

/** The contents of a repository. */
export function repositoryContents(registry: Registry, repository: string, options: Options): Contents {
  return {
    manifest: ({ digest }) => registry.getManifest(repository, digest, options),
    blob: ({ digest }) => registry.getBlob(repository, digest, options),
    blobSize: async ({ digest }) => (await registry.resolveBlob(repository, digest, options)).size,
  };
}

/** What is wrong with content, and not with the way to it. */
const FAULTS: ReadonlySet<string | undefined> = new Set([
  'MANIFEST_INVALID',
  'MANIFEST_BLOB_UNKNOWN',
  'SIZE_INVALID',
  'DIGEST_INVALID',
  'BLOB_NOT_REGULAR',
  'ENCODING_REFUSED',
]);

/**
 * What it means for a document that something it refers to cannot be read.
 * @param pointer to the descriptor
 * @throws the error itself, where it says nothing about the content: the registry cannot be reached.
 */
export function faultOf(error: unknown, pointer: string): Finding {
  if (isAbsent(error)) return must(within(pointer, 'digest'), 'is not there');
  if (!isVerificationFailure(error) && !FAULTS.has(errorCode(error))) throw error;
  return must(within(pointer, 'digest'), (error as Error).message);
}
