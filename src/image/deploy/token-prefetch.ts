import type { FullReference } from '../../oci/index.ts';
import type { DeployTask } from './task.ts';
import type { DeployOptions, DeployWant } from './options.ts';

type Authorize = NonNullable<DeployOptions['authorize']>;

/** Sees to it that registries are asked for what many repositories need in one go. */
export interface TokenPrefetch {
  /** Asks a question about a task. The first at each registry shows whether it wants to know who we are. */
  question<T>(task: DeployTask, ask: () => Promise<T>): Promise<T>;
  /** To be called before some tasks are performed. */
  beforeChanges(tasks: readonly DeployTask[]): Promise<void>;
}

export function createTokenPrefetch(
  tasks: readonly DeployTask[],
  authorize: Authorize | undefined,
): TokenPrefetch {
  const reads = wantsOf(tasks, (want, { target, document: { copyFrom } }) => {
    want(target, 'pull');
    if (copyFrom !== undefined && copyFrom.digest === undefined) want(copyFrom, 'pull');
  });
  const entered = new Map<string, Promise<void>>();

  const enter = async (host: string, wants: readonly DeployWant[] = []): Promise<void> => {
    // One repository's token comes with its first request.
    if (wants.length < 2) return;
    // What is refused here is refused again where it is needed, which is where it can be told what for.
    await authorize?.(host, wants).catch(() => {});
  };
  return {
    async question({ target: { host } }, ask) {
      if (authorize === undefined || (reads.get(host) ?? []).length < 2) return ask();
      const before = entered.get(host);
      if (before !== undefined) {
        await before;
        return ask();
      }
      const asking = ask();
      entered.set(
        host,
        asking.then(
          () => enter(host, reads.get(host)),
          () => {},
        ),
      );
      return asking;
    },
    async beforeChanges(changing) {
      if (authorize === undefined) return;
      const wants = wantsOf(changing, (want, { target, document: { lookup, copyFrom } }) => {
        want(target, 'pull', 'push');
        for (const reference of lookup.values()) want(reference, 'pull');
        if (copyFrom !== undefined) want(copyFrom, 'pull');
      });
      await Promise.all([...wants].map(([host, some]) => enter(host, some)));
    },
  };
}

type Place = Pick<FullReference, 'host' | 'repository'>;

/** What is wanted, by host. */
function wantsOf(
  tasks: readonly DeployTask[],
  each: (want: (place: Place, ...actions: readonly string[]) => void, task: DeployTask) => void,
): ReadonlyMap<string, readonly DeployWant[]> {
  const hosts = new Map<string, Map<string, Set<string>>>();
  const want = ({ host, repository }: Place, ...actions: readonly string[]): void => {
    const repositories = hosts.get(host) ?? new Map<string, Set<string>>();
    hosts.set(host, repositories);
    const known = repositories.get(repository) ?? new Set<string>();
    repositories.set(repository, known);
    for (const action of actions) known.add(action);
  };
  for (const task of tasks) each(want, task);
  return new Map(
    [...hosts].map(([host, repositories]) => [
      host,
      [...repositories].map(([repository, actions]) => ({ repository, actions: [...actions] })),
    ]),
  );
}
