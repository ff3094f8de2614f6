/** As many are under way ahead of the one that is waited for. */
const AHEAD = 64;

/**
 * Does something asynchronous with each of many, some at a time, and gives the results in order. However many there are,
 * only those that are under way take memory.
 * @param start may not fail
 */
export async function* ahead<T, R>(
  all: readonly T[],
  start: (item: T) => Promise<R>,
): AsyncGenerator<readonly [item: T, result: R]> {
  const under: Promise<R>[] = [];
  for (const [at, item] of all.entries()) {
    for (let next = at + under.length; under.length < AHEAD && next < all.length; next++)
      under.push(start(all[next] as T));
    yield [item, (await under.shift()) as R];
  }
}
