/**
 * Does several things at a time, and gives what comes of them in their order.
 * @param start begins the work on an item
 * @param width how many items may be under way, or done and waiting for those before them
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  start: (item: T) => Promise<R>,
  width: number,
): AsyncGenerator<R> {
  const started: Promise<R>[] = [];
  for await (const item of items) {
    const work = start(item);
    // It is waited for later; until then a failure has nobody to tell.
    work.catch(() => {});
    started.push(work);
    if (started.length >= width) yield (await started.shift()) as R;
  }
  for (const work of started) yield await work;
}
