import { join } from 'node:path';
import type { Descriptor, Digest, Manifest } from '../../oci/index.ts';
import type { Options } from '../../registry/index.ts';
import { abreast } from './abreast.ts';
import { blobFiles, type BlobFile } from './blob-files.ts';
import { diskFailure } from './failure.ts';
import type { Finding } from './finding.ts';
import { inspect, type Inspected } from './inspect.ts';
import { judge } from './judge.ts';
import { readLayoutFiles } from './layout-files.ts';
import { layoutsIn } from './layouts-in.ts';
import { createLedNow, type LedNow } from './led-now.ts';
import type { Repository } from './repository.ts';
import { createSurvey, noteChildren, type Survey } from './survey.ts';

/** Settings of a verification. */
export interface VerifyOptions extends Options {
  /** How many blobs are hashed at a time; 4, unless told. */
  readonly concurrency?: number;
  /** Is told of each blob that was hashed. */
  readonly onBlob?: (blob: { readonly digest: Digest; readonly size: number }) => void;
}

/**
 * Looks at all of a layout, or of all layouts of a folder that `layoutRegistry` serves: hashes every blob, follows every
 * descriptor from `index.json` on, and tells what is missing, wrong, or not referred to, as it comes to it. It may run
 * while others write; what they take away meanwhile is not missed. Who has enough leaves the loop.
 * @param directory the layout, or the folder of layouts
 * @throws {RegistryError} `NAME_UNKNOWN`, or `LAYOUT_INVALID`, for a folder that is none at all.
 */
export async function* verifyLayout(
  directory: string,
  { concurrency = 4, onBlob, signal }: VerifyOptions = {},
): AsyncGenerator<Finding> {
  const layouts = await layoutsIn(directory, {});
  const leaving = new AbortController();
  const life = signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal]);
  try {
    for await (const name of layouts.names({ signal: life }))
      yield* verifyOne(layouts.open(name), { concurrency, onBlob, signal: life });
  } catch (error) {
    throw diskFailure(error, layouts.root);
  } finally {
    leaving.abort();
  }
}

interface Work {
  readonly concurrency: number;
  readonly onBlob: VerifyOptions['onBlob'];
  readonly signal: AbortSignal;
}

/** One layout, and what is known of it so far. */
interface Verification extends Work {
  readonly repository: Repository;
  /** What leads to its blobs. */
  readonly survey: Survey;
  /** What was seen of the blobs themselves. */
  readonly inspected: Map<Digest, Omit<Inspected, 'manifest'>>;
  readonly ledNow: LedNow;
}

async function* verifyOne(repository: Repository, work: Work): AsyncGenerator<Finding> {
  // First the blobs and then what leads to them: else what comes in between would look as if nothing did.
  const files = await blobFiles(join(repository.path, 'blobs'));
  const ledNow = await createLedNow(repository);
  const { entries = [], faults } = await readLayoutFiles(repository.path);
  for (const fault of faults) yield { repository: repository.repository, names: [], ...fault };

  const verification: Verification = {
    ...work,
    repository,
    ledNow,
    survey: createSurvey(),
    inspected: new Map(),
  };
  const { survey, inspected, concurrency } = verification;
  await followDocuments(verification, entries);
  // Not before all documents were read: each may say something of any other.
  for (const digest of inspected.keys()) yield* await judgeLed(verification, digest);

  const others = [...survey.digests()].filter((digest) => !inspected.has(digest));
  const ofOthers = abreast(others, concurrency, async (digest) => {
    await look(verification, digest);
    return judgeLed(verification, digest);
  });
  for await (const findings of ofOthers) yield* findings;

  const strays = files.filter(({ digest }) => digest === undefined || !survey.has(digest));
  const ofStrays = abreast(strays, concurrency, (stray) => judgeStray(verification, stray));
  for await (const findings of ofStrays) yield* findings;
}

/** Reads the documents that the entries lead to, level by level, and notes what stands in them. */
async function followDocuments(verification: Verification, entries: readonly Descriptor[]): Promise<void> {
  const { survey, concurrency } = verification;
  let level = new Set<Digest>();
  for (const [at, descriptor] of entries.entries()) {
    const mention = { descriptor, from: undefined, pointer: `/manifests/${at}`, optional: false };
    if (survey.add(mention)) level.add(descriptor.digest);
  }
  while (level.size > 0) {
    const next = new Set<Digest>();
    const looks = abreast(level, concurrency, async (digest) => {
      const manifest = await look(verification, digest);
      if (manifest !== undefined) noteChildren(survey, digest, manifest, next);
    });
    for await (const _ of looks);
    level = next;
  }
}

/** Hashes a blob. @returns what it says, if something calls it a document. */
async function look(
  { repository, survey, inspected, onBlob, signal }: Verification,
  digest: Digest,
): Promise<Manifest | undefined> {
  const mediaType = survey.document(digest)?.descriptor.mediaType;
  const { manifest, ...rest } = await inspect(repository.path, digest, mediaType, signal);
  if (rest.size !== undefined) onBlob?.({ digest, size: rest.size });
  inspected.set(digest, rest);
  return manifest;
}

/** What is wrong with a blob that was led to; nothing, if a writer has taken away what led to it. */
async function judgeLed(
  { repository, survey, inspected, ledNow }: Verification,
  digest: Digest,
): Promise<readonly Finding[]> {
  const findings = judge(survey, digest, inspected.get(digest) ?? {}, repository.repository);
  return findings.length > 0 && (await ledNow(digest)) === false ? [] : findings;
}

/** What is to be said of something that nothing led to. */
async function judgeStray(
  verification: Verification,
  { file, digest }: BlobFile,
): Promise<readonly Finding[]> {
  const { repository, inspected, ledNow } = verification;
  const place = { repository: repository.repository, file: `blobs/${file}`, path: [], names: [] } as const;
  if (digest === undefined)
    return [{ ...place, kind: 'misnamed', severity: 'warning', message: 'its name is no digest' }];
  await look(verification, digest);
  const { size, fault } = inspected.get(digest) ?? {};
  const isGone = size === undefined && fault === undefined;
  // Or somebody has entered what leads to it.
  if (isGone || (await ledNow(digest)) === true) return [];
  const lone: Finding = {
    ...place,
    kind: 'unreferenced',
    severity: 'warning',
    message: 'nothing leads to it',
  };
  if (fault === undefined) return [lone];
  return [lone, { ...place, ...fault, severity: fault.kind === 'corrupt' ? 'error' : 'warning' }];
}
