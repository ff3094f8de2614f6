import type { Daemon } from '../daemon/daemon.ts';
import type { StatusUpdate } from '../progress/status.ts';

/** How long a builder may say nothing once a build is over, in milliseconds: then it has said all. */
const SILENCE = 3000;

/** Somebody who listens to how a build goes on. */
export interface Watcher {
  /** Waits for what there is left to tell. Never fails. */
  end(): Promise<void>;
}

/**
 * Passes on what the builder tells of a build. What goes wrong with that is no failure of the build.
 * @param ref that of the build
 */
export function watchBuild(
  daemon: Daemon,
  ref: string,
  onProgress: ((update: StatusUpdate) => void) | undefined,
): Watcher {
  if (onProgress === undefined) return { end: async () => {} };
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const rest = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => stopping.abort(), SILENCE);
  };
  const watched = (async () => {
    for await (const update of daemon.status(ref, { signal: stopping.signal })) {
      if (timer !== undefined) rest();
      onProgress(update);
    }
  })().catch(() => {
    // The build tells by itself how it ended.
  });
  return {
    async end() {
      rest();
      await watched;
      clearTimeout(timer);
    },
  };
}
