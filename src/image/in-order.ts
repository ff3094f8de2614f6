/** How much is done at a time. */
export interface Ahead {
  /** How many may be under way, or done and waiting for those before them. */
  readonly held: number;
  /** How many of them may be under way. All, unless told. */
  readonly underWay?: number;
}

/**
 * Does several things at a time, and gives what comes of them in their order. One that takes long keeps back what comes
 * of those behind it, but not the work on them, as far as that may be ahead.
 * @param start begins the work on an item
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  start: (item: T) => Promise<R>,
  { held, underWay: most = held }: Ahead,
): AsyncGenerator<R> {
  const started: { readonly work: Promise<R>; settled: boolean }[] = [];
  let underWay = 0;
  let wake = (): void => {};

  const begin = (item: T): void => {
    const one = { work: start(item), settled: false };
    const settle = (): void => {
      one.settled = true;
      underWay--;
      wake();
    };
    // A failure is told when its turn comes; until then it has nobody to tell.
    one.work.then(settle, settle);
    started.push(one);
    underWay++;
  };

  const isFull = (): boolean => started.length >= held || underWay >= most;

  for await (const item of items) {
    begin(item);
    while (isFull()) {
      const [first] = started;
      if (first?.settled) {
        started.shift();
        yield first.work;
      } else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  for (const { work } of started) yield work;
}
