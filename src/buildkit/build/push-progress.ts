import { randomBytes } from 'node:crypto';
import type { PushStep } from '../daemon/daemon.ts';
import type { StatusUpdate, Timestamp, Vertex, VertexStatus } from '../progress/status.ts';

/** Shows a push as one more step of the build. */
export interface PushProgress {
  begin(): void;
  step(step: PushStep): void;
  /** @param error what it failed with; nothing if it was done */
  end(error?: string): void;
  /** Tells something that is no failure of the build. */
  warn(text: string): void;
}

/**
 * Makes one.
 * @param name of the step
 */
export function pushProgress(name: string, tell: (update: Partial<StatusUpdate>) => void): PushProgress {
  const digest = `sha256:${randomBytes(32).toString('hex')}`;
  let vertex: Vertex = { digest, inputs: [], name, cached: false, error: '' };
  const layers = new Map<string, VertexStatus>();
  return {
    begin() {
      vertex = { ...vertex, started: now() };
      tell({ vertexes: [vertex] });
    },
    step({ id, status, current = 0, total = 0 }) {
      const known = layers.get(id);
      // Of a layer that is there already, or waits, there is nothing to see.
      if (id === '' || (known === undefined && status !== 'Pushing')) return;
      const begun = known ?? {
        id: `layer ${id}`,
        vertex: digest,
        name: '',
        started: now(),
        current: 0n,
        total: 0n,
      };
      const moved: VertexStatus =
        status === 'Pushed'
          ? { ...begun, current: begun.total, timestamp: now(), completed: now() }
          : { ...begun, current: BigInt(current), total: BigInt(Math.max(current, total)), timestamp: now() };
      layers.set(id, moved);
      tell({ statuses: [moved] });
    },
    end(error = '') {
      tell({ vertexes: [{ ...vertex, completed: now(), error }] });
    },
    warn(text) {
      const short = Buffer.from(text);
      tell({ warnings: [{ vertex: digest, level: 1n, short, detail: [], url: '', ranges: [] }] });
    },
  };
}

function now(): Timestamp {
  const time = Date.now();
  return { seconds: BigInt(Math.floor(time / 1000)), nanos: (time % 1000) * 1_000_000 };
}
