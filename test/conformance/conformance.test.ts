/**
 * The conformance suite over stacks of this project: a server over a store, over a client of a server, and so on.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { layout, memory, overHttp } from '../contract/stacks.ts';
import { conformance } from './suite.ts';

/** Something that serves the distribution API. */
interface Stack {
  readonly name: string;
  /** Starts it on a free port of the loopback addresses. */
  start(): Promise<{ readonly url: string; close(): Promise<void> }>;
}

const stacks: readonly Stack[] = [
  { name: 'a server over memory', start: async () => overHttp(await memory()) },
  { name: 'a server over a layout', start: async () => overHttp(await layout()) },
  { name: 'a server over a client of a server', start: async () => overHttp(await overHttp(await memory())) },
];

describe.each(stacks)('$name', ({ start }) => {
  let running: Awaited<ReturnType<Stack['start']>> | undefined;
  beforeAll(async () => {
    running = await start();
  });
  afterAll(() => running?.close());
  const cases = conformance({
    get url() {
      return running?.url ?? '';
    },
    repositories: ['conformance/one', 'conformance/two'],
  });
  for (const group of new Set(cases.map((it) => it.group))) {
    describe(group, () => {
      for (const { name, run } of cases.filter((it) => it.group === group)) test(name, run);
    });
  }
});

test('each case has a name of its own', () => {
  const cases = conformance({ url: 'http://127.0.0.1:1', repositories: ['a/b', 'c/d'] });
  const names = cases.map(({ group, name }) => `${group}: ${name}`);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
});
