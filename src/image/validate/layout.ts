import pLimit from 'p-limit';
import { isDigest, mediaTypes, type Digest } from '../../oci/index.ts';
import { collect, DOCUMENT_LIMIT } from '../../registry/index.ts';
import { faultOf, type Contents } from './contents.ts';
import { must, should, type Finding } from './finding.ts';
import type { ValidateOptions } from './image.ts';
import { fileContents, type LayoutFiles } from './layout-files.ts';
import { problemsOf, type Problem } from './problem.ts';
import { createReader, drain } from './reader.ts';
import type { RuleOptions } from './rule-options.ts';
import { walk } from './walk.ts';

/** Blobs that nothing refers to are read so many at a time. */
const CONCURRENCY = 4;

/**
 * Finds all that is wrong with an image layout: its own files, all images in it as `validateImage` does, and blobs that
 * nothing refers to. Layers are read, unless told otherwise.
 * @see https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export async function validateLayout(
  files: LayoutFiles,
  options: ValidateOptions = {},
): Promise<readonly Problem[]> {
  const { layers = 'read', signal } = options;
  const contents = fileContents(files, signal);
  const reader = createReader(contents, layers, signal);
  const document = async (name: string, rules: RuleOptions): Promise<readonly Problem[]> => {
    const file = await files.file(name);
    if (file === undefined) return problemsOf([must('', 'is missing')], name, options);
    if (file.size > DOCUMENT_LIMIT)
      return problemsOf([must('', `is longer than ${DOCUMENT_LIMIT} bytes`)], name, options);
    return walk({ name, bytes: await collect(file.read()) }, reader, options, rules);
  };
  const documents = [
    ...(await document('oci-layout', { kind: 'layout' })),
    ...(await document('index.json', { kind: 'index', platformsOptional: true })),
  ];
  const limit = pLimit(CONCURRENCY);
  const strays = (await blobNames(files)).map(({ path, digest }) =>
    limit(async () => {
      if (digest === undefined) return problemsOf([should('', 'is not named by a digest')], path, options);
      if (reader.reached.has(digest)) return [];
      const wrong = layers === 'resolve' ? [] : await misnamed(contents, digest);
      return problemsOf([should('', 'nothing refers to it'), ...wrong], path, options);
    }),
  );
  return [...documents, ...(await Promise.all(strays)).flat()];
}

interface BlobName {
  readonly path: string;
  readonly digest?: Digest;
}

async function blobNames(files: LayoutFiles): Promise<readonly BlobName[]> {
  const names: BlobName[] = [];
  for (const algorithm of (await files.list('blobs')).toSorted()) {
    for (const encoded of (await files.list(`blobs/${algorithm}`)).toSorted()) {
      const digest = `${algorithm}:${encoded}`;
      names.push({ path: `blobs/${algorithm}/${encoded}`, ...(isDigest(digest) && { digest }) });
    }
  }
  return names;
}

/** Whether a blob is what its name says. What refers to it would say so too, if something did. */
async function misnamed(contents: Contents, digest: Digest): Promise<readonly Finding[]> {
  try {
    await drain(await contents.blob({ mediaType: mediaTypes.octetStream, digest, size: 0 }));
    return [];
  } catch (error) {
    return [{ ...faultOf(error, ''), pointer: '' }];
  }
}
