import type { Digest } from '../../oci/index.ts';
import type { Options } from '../../registry/index.ts';
import { abreast } from './abreast.ts';
import { diskFailure } from './failure.ts';
import type { Finding } from './finding.ts';
import { blobFiles, type BlobFile } from './blob-files.ts';
import { inspect, type Inspected } from './inspect.ts';
import { judge as judgeBlob } from './judge.ts';
import { findKept } from './keeping.ts';
import { readLayoutFiles } from './layout-files.ts';
import { layoutsIn } from './layouts-in.ts';
import type { Repository } from './repository.ts';
import { createSurvey, isDocument, noteChildren } from './survey.ts';
import { createTrail } from './trail.ts';

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

async function* verifyOne(repository: Repository, work: Work): AsyncGenerator<Finding> {
  const { path: layout, repository: name, index } = repository;
  const { concurrency, signal } = work;
  // First the blobs and then what leads to them: else what comes in between would look as if nothing did.
  const files = await blobFiles(layout);
  const before = await index.currentOrNone().catch(() => undefined);
  const { entries = [], faults } = await readLayoutFiles(layout);
  for (const fault of faults) yield { repository: name, names: [], ...fault };

  const survey = createSurvey();
  const seen = new Map<Digest, Inspected>();
  const look = async (digest: Digest): Promise<void> => {
    const document = survey.mentions(digest).find(isDocument);
    const inspected = await inspect(layout, digest, document?.descriptor.mediaType, signal);
    if (inspected.size !== undefined) work.onBlob?.({ digest, size: inspected.size });
    const { manifest, ...rest } = inspected;
    seen.set(digest, rest);
    if (manifest !== undefined) noteChildren(survey, digest, manifest, fresh);
  };
  const fresh = new Set<Digest>();
  for (const [at, descriptor] of entries.entries()) {
    const mention = { descriptor, from: undefined, pointer: `/manifests/${at}`, optional: false };
    if (survey.add(mention)) fresh.add(descriptor.digest);
  }
  while (fresh.size > 0) {
    const level = [...fresh];
    fresh.clear();
    for await (const _ of abreast(level, concurrency, look));
  }
  const blobs = [...survey.digests()].filter((digest) => !seen.has(digest));
  const led = [...seen.keys()];
  const isStillLed = async (digest: Digest): Promise<boolean> => {
    const now = await index.currentOrNone().catch(() => undefined);
    return now === undefined || now.entries === before?.entries || isKept(repository, now.entries, digest);
  };
  const judge = async (digest: Digest): Promise<readonly Finding[]> => {
    const findings = judgeBlob(survey, digest, seen.get(digest) ?? {}, name);
    return findings.length === 0 || (await isStillLed(digest)) ? findings : [];
  };
  for (const digest of led) yield* await judge(digest);
  const lookAndJudge = async (digest: Digest): Promise<readonly Finding[]> => {
    await look(digest);
    return judge(digest);
  };
  for await (const findings of abreast(blobs, concurrency, lookAndJudge)) yield* findings;

  const others = files.filter(({ digest }) => digest === undefined || !survey.has(digest));
  const stray = async ({ file, digest }: BlobFile): Promise<readonly Finding[]> => {
    const common = { repository: name, file, path: [], names: [] } as const;
    if (digest === undefined)
      return [{ ...common, kind: 'misnamed', severity: 'warning', message: 'its name is no digest' }];
    await look(digest);
    const { size, fault } = seen.get(digest) ?? {};
    // It was taken away, or somebody has entered what leads to it.
    if (size === undefined && fault === undefined) return [];
    if (
      before !== undefined &&
      (await index.currentOrNone())?.entries !== before.entries &&
      (await isStillLed(digest))
    )
      return [];
    const lone: Finding = {
      ...common,
      kind: 'unreferenced',
      severity: 'warning',
      message: 'nothing leads to it',
    };
    if (fault === undefined) return [lone];
    return [lone, { ...common, ...fault, severity: fault.kind === 'corrupt' ? 'error' : 'warning' }];
  };
  for await (const findings of abreast(others, concurrency, stray)) yield* findings;
}

async function isKept(
  place: Repository,
  entries: Parameters<typeof findKept>[0],
  digest: Digest,
): Promise<boolean> {
  try {
    const parts = { place, trail: createTrail(place), blobs: [], isYoung: async () => false };
    return (await findKept(entries, parts, true)).digests.has(digest);
  } catch {
    // It is broken elsewhere as well.
    return true;
  }
}
