/** When a step ran, in milliseconds since 1970; without an end, it runs still. */
export interface Interval {
  readonly start: number;
  readonly stop?: number;
}

/** The same times, in order, with those that overlap made one: a step may be told to have run twice at once. */
export function mergeIntervals(intervals: Iterable<Interval>): readonly Interval[] {
  const merged: Interval[] = [];
  for (const next of [...intervals].toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last === undefined || (last.stop !== undefined && last.stop < next.start)) merged.push(next);
    // What has no end swallows all that comes after it.
    else if (last.stop !== undefined && (next.stop === undefined || next.stop > last.stop))
      merged[merged.length - 1] = { start: last.start, ...(next.stop !== undefined && { stop: next.stop }) };
  }
  return merged;
}

/** How long a step ran, in seconds. @param now in milliseconds, for what runs still */
export function secondsOf(intervals: readonly Interval[], now: number): number {
  return intervals.reduce((sum, { start, stop = now }) => sum + Math.max(0, stop - start), 0) / 1000;
}
