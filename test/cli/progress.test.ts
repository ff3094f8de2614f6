import { expect, test } from 'vitest';
import { print, say } from '../../src/cli/context.ts';
import { createProgress } from '../../src/cli/report/progress.ts';
import { settled, stillClock } from '../transport/clock.ts';
import { watched } from './terminal.ts';

test('a pipe gets a line every five seconds, with the rate and the time that is left', async () => {
  const clock = stillClock();
  const terminal = watched();
  const progress = createProgress(terminal.context, { name: 'builds', unit: 'builds', clock });
  progress.expect(1835);
  progress.advance(600);
  await clock.pass(4999);
  expect(terminal.written).toBe('');
  await clock.pass(1);
  progress.advance(300);
  await clock.pass(5000);
  progress.advance();
  await clock.pass(5000);
  progress.advance(934);
  progress.end();
  expect(terminal.written).toBe(
    'builds: 600 of 1,835 builds, 120 a second, 11 s left\n' +
      'builds: 900 of 1,835 builds, 90 a second, 11 s left\n' +
      // The first five seconds are over ten seconds ago.
      'builds: 901 of 1,835 builds, 30 a second, 32 s left\n' +
      'builds: 1,835 of 1,835 builds in 15.0 s\n',
  );
  await settled();
  expect(clock.sleeping).toBe(0);
});

test.each([
  ['a pipe', undefined, 4999],
  ['a terminal', 80, 499],
])('on %s, nothing is told of what ends soon', async (_, columns, milliseconds) => {
  const clock = stillClock();
  const terminal = watched(columns);
  const progress = createProgress(terminal.context, { name: 'builds', unit: 'builds', clock });
  progress.expect(3);
  progress.advance(3);
  await clock.pass(milliseconds);
  progress.end();
  await clock.pass(60_000);
  expect(terminal.written).toBe('');
});

test('a terminal gets a bar, ten times a second at the most, which is gone in the end', async () => {
  const clock = stillClock();
  const terminal = watched(80);
  const progress = createProgress(terminal.context, { name: 'builds', unit: 'builds', clock });
  progress.expect(40);
  for (let each = 0; each < 10; each++) progress.advance();
  await clock.pass(500);
  expect(terminal.written).toBe(
    '\rbuilds [=======>                       ] 10 of 40 builds, 20 a second, 2 s left\u001b[K',
  );
  progress.advance(10);
  await clock.pass(500);
  expect(terminal.screen).toEqual([
    'builds [===============>               ] 20 of 40 builds, 20 a second, 1 s left',
  ]);
  progress.advance(20);
  await clock.pass(100);
  expect(terminal.screen).toEqual([
    'builds [===============================] 40 of 40 builds, 36 a second, 0 s left',
  ]);
  expect(terminal.written.split('\r')).toHaveLength(1 + 7);
  progress.end();
  progress.end();
  expect(terminal.screen).toEqual(['builds: 40 of 40 builds in 1.1 s', '']);
});

test('a terminal that does not know how wide it is has 80 columns', async () => {
  const clock = stillClock();
  const terminal = watched(0);
  const progress = createProgress(terminal.context, { name: 'copy', unit: 'things', clock });
  progress.expect(4);
  await clock.pass(500);
  expect(terminal.screen).toEqual([`copy [>${' '.repeat(39)}] 0 of 4 things, 0.0 a second`]);
  progress.end();
});

test('other lines stand above the bar', async () => {
  const clock = stillClock();
  const terminal = watched(70, {}, { toTerminal: true });
  const progress = createProgress(terminal.context, { name: 'copy', unit: 'things', clock });
  progress.expect(4);
  progress.advance();
  await clock.pass(500);
  say(terminal.context, 'Waiting 12 s: docker.io asks for fewer requests.');
  print(terminal.context, 'the result');
  expect(terminal.screen.slice(0, 2)).toEqual([
    'Waiting 12 s: docker.io asks for fewer requests.',
    'the result',
  ]);
  expect(terminal.screen[2]).toMatch(/^copy \[=+> +\] 1 of 4 things, 2\.0 a second, 2 s left$/);
  progress.end();
  say(terminal.context, 'done');
  expect(terminal.screen.slice(2)).toEqual(['copy: 1 of 4 things in 0.5 s', 'done', '']);
});

test.each([30, 5])(
  'a terminal of %d columns has no room for a bar, and its lines are not longer',
  async (columns) => {
    const clock = stillClock();
    const terminal = watched(columns);
    const progress = createProgress(terminal.context, { name: 'builds', unit: 'builds', clock });
    progress.expect(1000);
    await clock.pass(1000);
    expect(terminal.screen).toEqual(['builds: 0 of 1,000 builds, 0.0 a second'.slice(0, columns - 1)]);
    progress.end();
  },
);

test.each([{ TERM: 'dumb' }, { NO_COLOR: '1' }])(
  'plain lines on a terminal that wants none drawn over: %j',
  async (env) => {
    const clock = stillClock();
    const terminal = watched(80, env);
    const progress = createProgress(terminal.context, { name: 'copy', unit: 'bytes', clock });
    progress.advance(12_000_000);
    await clock.pass(5000);
    progress.expect(2_000_000_000);
    await clock.pass(5000);
    progress.end();
    expect(terminal.written).toBe(
      'copy: 12.0 MB, 2.4 MB a second\n' +
        'copy: 12.0 MB of 2.0 GB, 1.2 MB a second, 27 min 37 s left\n' +
        'copy: 12.0 MB of 2.0 GB in 10.0 s\n',
    );
  },
);
