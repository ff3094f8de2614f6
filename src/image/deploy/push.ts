import type { Registry, PushManifestOptions } from '../../registry/index.ts';
import type { ReadManifest } from '../document.ts';
import type { DeployContext } from './context.ts';
import type { Target } from './target.ts';

/** Stores manifests in repositories. */
export interface Pusher {
  /** With no tags it is there by its digest alone. */
  push(target: Target, read: ReadManifest, tags: readonly string[]): Promise<void>;
}

/**
 * Whether a registry takes many tags with one request is found out with the first that has many. Others of the kind
 * wait for it: else each of them would find it out for itself, with a request that was not needed.
 */
export function createPusher({ limit, signal }: Pick<DeployContext, 'limit' | 'signal'>): Pusher {
  const taught = new Set<Registry>();
  const teaching = new Map<Registry, Promise<void>>();

  const inTurn = async (registry: Registry, push: () => Promise<void>): Promise<void> => {
    while (!taught.has(registry)) {
      const teacher = teaching.get(registry);
      if (teacher === undefined) {
        const pushing = push();
        const learnt = (): void => void taught.add(registry);
        teaching.set(
          registry,
          pushing.then(learnt, () => {}).finally(() => teaching.delete(registry)),
        );
        return pushing;
      }
      await teacher;
    }
    return push();
  };

  return {
    async push(target, { bytes, descriptor }, tags) {
      const { digest, mediaType } = descriptor;
      const options: PushManifestOptions = {
        mediaType,
        tags,
        signal,
        // Registries work out sha256 themselves; another algorithm has to be said.
        ...(!digest.startsWith('sha256:') && { digest }),
      };
      const push = async (): Promise<void> =>
        void (await limit(() => target.registry.pushManifest(target.repository, bytes, options)));
      await (tags.length > 1 ? inTurn(target.registry, push) : push());
    },
  };
}
