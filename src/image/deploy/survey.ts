import type { LimitFunction } from 'p-limit';
import type { Descriptor, Digest, FullReference } from '../../oci/index.ts';
import { RegistryError } from '../../registry/index.ts';
import { isAbsent } from '../absent.ts';
import { providerOf, type DeployTask } from './task.ts';
import type { Target, Targets } from './target.ts';
import type { Wholeness } from './wholeness.ts';

/** What stands at a reference that a document wants to be something. */
export type Standing =
  /** What is wanted. */
  | 'present'
  /** Nothing, or something else. */
  | 'wanted'
  /** Nobody asked: the request that would send it asks as well. */
  | 'unasked';

/** Asks registries what they have, each thing once. */
export interface Survey {
  /** What stands at the references of a task, in their order. Finds the task's digest out, where it is not known. */
  look(task: DeployTask): Promise<readonly Standing[]>;
}

export interface SurveyParts {
  readonly targets: Targets;
  readonly wholeness: Wholeness;
  /** Through which all requests go. */
  readonly limit: LimitFunction;
  readonly signal: AbortSignal;
  /**
   * Ask for each blob. Else those of a repository in which nothing was found are not asked for: a registry is asked by
   * the request that starts an upload as well, and of what it probably has not that is one request less.
   */
  readonly everyBlob: boolean;
}

export function createSurvey({ targets, wholeness, limit, signal, everyBlob }: SurveyParts): Survey {
  const asked = new Map<string, Promise<Descriptor | undefined>>();
  /** By repository: the first question about it. */
  const first = new Map<Target, Promise<unknown>>();

  const ask = (
    target: Target,
    key: string,
    resolve: () => Promise<Descriptor>,
  ): Promise<Descriptor | undefined> => {
    const name = `${target.host}/${target.repository} ${key}`;
    const asking = asked.get(name) ?? limit(() => found(resolve));
    asked.set(name, asking);
    if (!first.has(target)) first.set(target, asking);
    return asking;
  };
  const askManifest = async (target: Target, reference: string): Promise<Descriptor | undefined> => {
    const { registry, repository } = target;
    const descriptor = await ask(target, reference, () =>
      registry.resolveManifest(repository, reference, { signal }),
    );
    if (descriptor !== undefined) target.inhabited = true;
    return descriptor;
  };
  const askBlob = async (target: Target, digest: Digest): Promise<Standing> => {
    const { registry, repository } = target;
    const before = everyBlob ? undefined : first.get(target);
    if (before !== undefined) {
      await before.catch(() => {});
      if (!target.inhabited) return 'unasked';
    }
    const descriptor = await ask(target, `blob ${digest}`, () =>
      registry.resolveBlob(repository, digest, { signal }),
    );
    if (descriptor === undefined) return 'wanted';
    target.inhabited = true;
    target.blobs.add(digest);
    return 'present';
  };

  /** The digest behind a tag that is copied. */
  const resolveSource = async (task: DeployTask): Promise<Digest | undefined> => {
    const { copyFrom } = task.document;
    if (copyFrom === undefined) return undefined;
    const bringer = providerOf(task);
    if (bringer !== undefined) return digestOf(bringer);
    const { repository, tag = 'latest' } = copyFrom;
    const descriptor = await askManifest(targets(copyFrom), tag);
    if (descriptor !== undefined) {
      // Where a tag points at it, it is, with what belongs to it.
      targets(copyFrom).whole.add(descriptor.digest);
      return descriptor.digest;
    }
    throw new RegistryError(
      'MANIFEST_UNKNOWN',
      `${copyFrom.host}/${repository}:${tag}, which is to be copied, is not there`,
      { status: 404, repository, reference: tag },
    );
  };
  const digestOf = async (task: DeployTask): Promise<Digest | undefined> =>
    (task.digest ??= task.document.copyFrom?.digest ?? (await resolveSource(task)));

  const standingOf = async (task: DeployTask, { tag }: FullReference, digest: Digest): Promise<Standing> => {
    const { target, document } = task;
    if (document.type === 'blob') return askBlob(target, digest);
    const descriptor = await askManifest(target, tag ?? digest);
    const size = document.data?.length ?? descriptor?.size;
    if (descriptor?.digest !== digest || descriptor.size !== size) return 'wanted';
    if (tag === undefined) {
      // The type is that of the document, where it has one: it goes with its bytes, whatever the registry says.
      const { mediaType = descriptor.mediaType } = document;
      return (await wholeness.isWhole(target, { ...descriptor, mediaType })) ? 'present' : 'wanted';
    }
    // Tags are set last, so what has one is whole.
    target.whole.add(digest);
    for (const child of task.children.manifests) target.whole.add(child.digest);
    for (const child of task.children.blobs) target.blobs.add(child.digest);
    return 'present';
  };

  return {
    async look(task) {
      const digest = await digestOf(task);
      if (digest === undefined) return task.refs.map(() => 'wanted');
      const named = task.refs.filter(({ tag }) => tag !== undefined);
      const standing = async (reference: FullReference): Promise<readonly [FullReference, Standing]> => [
        reference,
        await standingOf(task, reference, digest),
      ];
      // What a tag proves need not be looked for below the digest, so tags come first.
      const known = new Map(await Promise.all(named.map(standing)));
      return Promise.all(
        task.refs.map(async (reference) => known.get(reference) ?? standingOf(task, reference, digest)),
      );
    },
  };
}

/** @returns undefined for what is not there, or not for us: whether that is so, writing will show */
async function found(resolve: () => Promise<Descriptor>): Promise<Descriptor | undefined> {
  try {
    return await resolve();
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
