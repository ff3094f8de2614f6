import { getEventListeners } from 'node:events';
import { expect, test, vi } from 'vitest';
import { abortable, createSingleFlight } from '../../src/registry/single-flight.ts';
import { failure } from '../auth/script.ts';

/** Work that is done when it is told to be. */
function work<T>() {
  let land = (_value: T): void => {};
  let crash = (_error: Error): void => {};
  const signals: AbortSignal[] = [];
  const start = vi.fn(
    (signal: AbortSignal) =>
      new Promise<T>((resolve, reject) => {
        signals.push(signal);
        land = resolve;
        crash = reject;
      }),
  );
  return { start, signals, land: (value: T) => land(value), crash: (error: Error) => crash(error) };
}

test('who comes while work is under way gets its result; who comes later starts anew', async () => {
  const { start, land } = work<number>();
  const flights = createSingleFlight<number>();
  const both = Promise.all([flights.join('a', start), flights.join('a', start)]);
  land(1);
  expect(await both).toEqual([1, 1]);
  expect(start).toHaveBeenCalledTimes(1);
  const later = flights.join('a', start);
  land(2);
  expect(await later).toBe(2);
  expect(start).toHaveBeenCalledTimes(2);
});

test('different keys are different work', async () => {
  const flights = createSingleFlight<string>();
  const results = Promise.all([flights.join('a', async () => 'a'), flights.join('b', async () => 'b')]);
  expect(await results).toEqual(['a', 'b']);
});

test('a failure is everybody’s, and is not remembered', async () => {
  const { start, crash } = work<number>();
  const flights = createSingleFlight<number>();
  const both = [failure(flights.join('a', start)), failure(flights.join('a', start))];
  crash(new Error('down'));
  for (const error of await Promise.all(both)) expect(error).toMatchObject({ message: 'down' });
  expect(await flights.join('a', async () => 1)).toBe(1);
});

test('the first who leaves does not end the work of the others; the last does', async () => {
  const { start, signals, land } = work<number>();
  const flights = createSingleFlight<number>();
  const [one, two] = [new AbortController(), new AbortController()];
  const first = failure(flights.join('a', start, one.signal));
  const second = failure(flights.join('a', start, two.signal));
  one.abort(new Error('one'));
  expect(await first).toMatchObject({ message: 'one' });
  expect(signals[0]?.aborted).toBe(false);

  const third = flights.join('a', start);
  expect(start, 'the third joins, though one has left').toHaveBeenCalledTimes(1);
  two.abort(new Error('two'));
  expect(await second).toMatchObject({ message: 'two' });
  expect(signals[0]?.aborted).toBe(false);
  land(3);
  expect(await third).toBe(3);

  const alone = new AbortController();
  const fourth = failure(flights.join('a', start, alone.signal));
  alone.abort(new Error('alone'));
  await fourth;
  expect(signals[1]?.aborted).toBe(true);
  expect(await flights.join('a', async () => 5), 'nobody joins work that was given up').toBe(5);
});

test('whoever has left already starts nothing', async () => {
  const { start } = work<number>();
  expect(
    await failure(createSingleFlight<number>().join('a', start, AbortSignal.abort(new Error('gone')))),
  ).toMatchObject({
    message: 'gone',
  });
  expect(start).not.toHaveBeenCalled();
});

test('one signal over many waits has one listener, and none when they are over', async () => {
  const { signal } = new AbortController();
  const { start, land } = work<void>();
  const landing = start(signal);
  const waits = Array.from({ length: 20 }, async () => abortable(landing, signal));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  land();
  await Promise.all(waits);
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('each of many waits ends with its signal', async () => {
  const ending = new AbortController();
  const waits = Array.from({ length: 20 }, () => failure(abortable(new Promise(() => {}), ending.signal)));
  ending.abort(new Error('enough'));
  for (const error of await Promise.all(waits)) expect(error).toMatchObject({ message: 'enough' });
  expect(await failure(abortable(new Promise(() => {}), ending.signal))).toMatchObject({ message: 'enough' });
});
