import { createHash } from 'node:crypto';
import { targetName, type Target } from '../sources/target.ts';

/** One of several parts of a run's work. */
export interface Shard {
  /** From 1 on. */
  readonly number: number;
  readonly of: number;
}

/** Whether a build belongs to a part: by a hash of what it is of, so that no part needs to know of the others. */
export function isInShard({ source, arch }: Target, { number, of }: Shard): boolean {
  const hash = createHash('sha256').update(targetName(source.sourceId, arch)).digest();
  return hash.readUInt32BE() % of === number - 1;
}
