/**
 * Does something with each of many, some at a time, and gives what comes of them in their order. What is under way when
 * the caller leaves goes on to its end, or until its own signal.
 * @param limit how many are under way at a time
 */
export async function* abreast<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const underWay: Promise<R>[] = [];
  for (const item of items) {
    const one = work(item);
    // A failure is told when its turn comes; until then it has nobody to tell.
    one.catch(() => {});
    underWay.push(one);
    const first = underWay.length < limit ? undefined : underWay.shift();
    if (first !== undefined) yield await first;
  }
  for (const one of underWay) yield await one;
}
