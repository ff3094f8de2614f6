import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import {
  formatWarnings,
  plainDisplay,
  rawJsonDisplay,
  sourceExcerpt,
  terminalDisplay,
  type Display,
  type DisplayOptions,
  type StatusUpdate,
} from '../../src/buildkit/index.ts';
import { BEGIN, output, part, step, together, warning, type Moment } from './told.ts';

/** What a display writes of a build, told at these moments. */
function show(
  make: (options: Required<DisplayOptions>) => Display,
  told: readonly (readonly [Moment, ...StatusUpdate[]])[],
): string {
  let now = BEGIN;
  let written = '';
  const display = make({ write: (text) => (written += text), now: () => now });
  for (const [moment, ...updates] of told) {
    now = BEGIN + moment;
    for (const update of updates) display.update(update);
    display.refresh();
  }
  display.end();
  return written;
}

function plain(...told: readonly (readonly [Moment, ...StatusUpdate[]])[]): string {
  return show(plainDisplay, told);
}

describe('plain', () => {
  test('a step, its parts, and how long it took', () => {
    const name = '[internal] load build definition from Dockerfile';
    expect(
      plain(
        [0, step(name), step(name, { started: 0 })],
        [20, part(name, 'transferring dockerfile:', { current: 94, started: 0, completed: 5 })],
        [1200, step(name, { started: 0, completed: 1160 })],
      ),
    ).toBe(`#1 ${name}\n#1 transferring dockerfile: 94B done\n#1 DONE 1.2s\n`);
  });

  test('a part is told again after a twentieth of it, or five seconds', () => {
    const pull = (current: number, now: Moment): StatusUpdate =>
      part('pull', 'sha256:1', { current, total: 100_000_000, started: 0, now });
    expect(
      plain(
        [0, step('pull', { started: 0 }), pull(0, 0)],
        [1000, pull(4_000_000, 1000)],
        [2000, pull(6_000_000, 2000)],
        [3000, pull(6_500_000, 3000)],
        [7000, pull(6_600_000, 7000)],
      ),
    ).toBe(
      '#1 pull\n' +
        '#1 sha256:1 0B / 100.00MB\n' +
        '#1 sha256:1 6.00MB / 100.00MB 2.0s\n' +
        '#1 sha256:1 6.60MB / 100.00MB 7.0s\n',
    );
  });

  test('output has the time since the step began; a line that is not ended yet goes on where it stopped', () => {
    expect(
      plain(
        [0, step('RUN make', { started: 0 })],
        [12, output('RUN make', 'cc -c a.c\ncc -c', 12)],
        [500, output('RUN make', ' b.c', 500)],
        [12_400, output('RUN make', '\nld\n', 12_400)],
        [13_000, step('RUN make', { started: 0, completed: 13_000 })],
      ),
    ).toBe('#1 RUN make\n#1 0.012 cc -c a.c\n#1 0.012 cc -c b.c\n#1 12.40 ld\n#1 DONE 13.0s\n');
  });

  test('steps at once: who has the floor keeps it, and another gets it for its end', () => {
    expect(
      plain(
        [0, step('one', { started: 0 }), output('one', 'a\n', 0)],
        [200, step('two', { started: 200 }), output('two', 'b\n', 200)],
        [400, output('one', 'c\n', 400)],
        [600, step('two', { started: 200, completed: 600 })],
        [800, step('one', { started: 0, completed: 800 })],
      ),
    ).toBe(
      '#1 one\n#1 0.000 a\n#1 0.400 c\n#1 ...\n\n' +
        '#2 two\n#2 0.000 b\n#2 DONE 0.4s\n\n' +
        '#1 one\n#1 DONE 0.8s\n',
    );
  });

  test('nobody waits for the floor longer than ten seconds', () => {
    const told: [Moment, ...StatusUpdate[]][] = [
      [0, step('loud', { started: 0 }), output('loud', 'first\n', 0)],
      [50, step('quiet', { started: 0 }), output('quiet', 'hear me\n', 50)],
    ];
    for (let now = 100; now < 12_000; now += 100) told.push([now, output('loud', `${now}\n`, now)]);
    const lines = plain(...told).split('\n');
    const heard = lines.indexOf('#2 0.050 hear me');
    expect(heard).toBeGreaterThan(0);
    expect(lines.slice(0, heard)).toContain('#1 5.000 5000');
    expect(lines.slice(0, heard)).not.toContain('#1 11.00 11000');
  });

  test('what was there already, what failed, and what was called off', () => {
    expect(
      plain([
        10,
        step('COPY', { started: 0, completed: 1, cached: true }),
        step('RUN false', { started: 0 }),
        output('RUN false', 'no\n', 2),
        step('RUN false', { started: 0, completed: 4, error: 'exit code: 1' }),
        step('RUN true', { started: 0, completed: 5, error: 'failed to solve: context canceled' }),
      ]),
    ).toBe(
      '#1 COPY\n#1 CACHED\n\n' +
        '#2 RUN false\n#2 0.002 no\n#2 ERROR: exit code: 1\n\n' +
        '#3 RUN true\n#3 CANCELED\n' +
        '------\n > RUN false:\n0.002 no\n------\n',
    );
  });

  test('a character that comes in two messages is one, whatever the other stream says between', () => {
    const euro = new TextEncoder().encode('€');
    expect(
      plain(
        [0, step('RUN', { started: 0 })],
        [10, output('RUN', euro.subarray(0, 1), 10)],
        [20, output('RUN', 'ä\n', 20, 2n), output('RUN', euro.subarray(1), 20), output('RUN', ' 5\n', 20)],
      ),
    ).toContain('#1 0.020 ä\n#1 0.020 € 5\n');
  });

  test('of what failed, the last ten lines stand at the end', () => {
    const lines = Array.from({ length: 14 }, (_, line) => `line ${line}\n`);
    const shown = plain([
      10,
      step('RUN', { started: 0 }),
      ...lines.map((line, index) => output('RUN', line, index)),
      output('RUN', 'and no more', 20),
      step('RUN', { started: 0, completed: 30, error: 'exit code: 1' }),
    ]);
    const [, end = ''] = shown.split('------\n');
    expect(end.split('\n')).toEqual([
      ' > RUN:',
      ...Array.from({ length: 9 }, (_, line) => `0.0${String(line + 5).padStart(2, '0')} line ${line + 5}`),
      '0.020 and no more',
      '',
    ]);
  });

  test('the steps of a group are one, which is not shown for the sake of a weak one', () => {
    const group = { id: 'g', name: 'COPY --link' };
    expect(
      plain(
        [0, step('prepare', { started: 0, completed: 1, group: { ...group, weak: true } })],
        [100, step('copy', { started: 50, group })],
        [300, step('copy', { started: 50, completed: 250, group })],
      ),
    ).toBe('#1 COPY --link\n#1 DONE 0.2s\n');
  });
});

describe('rawjson', () => {
  test('the members that buildx writes, in its order, and nothing that is empty', () => {
    const written = show(
      ({ write }) => rawJsonDisplay({ write }),
      [
        [0, step('[1/2] <a & b>', { started: 0.25, completed: 1500, cached: true })],
        [1, part('x', 'id', { current: 0, total: 7, started: 0 })],
        [2, output('x', 'hi', 1)],
        [3, warning('x', 'no', 2)],
      ],
    );
    expect(written.split('\n').slice(0, 4)).toEqual([
      String.raw`{"vertexes":[{"digest":"digest of [1/2] \u003ca \u0026 b\u003e","name":"[1/2] \u003ca \u0026 b\u003e","started":"2026-01-02T03:04:05.00025Z","completed":"2026-01-02T03:04:06.5Z","cached":true}]}`,
      '{"statuses":[{"id":"id","vertex":"digest of x","total":7,"current":0,"timestamp":"2026-01-02T03:04:05Z","started":"2026-01-02T03:04:05Z"}]}',
      '{"logs":[{"vertex":"digest of x","stream":1,"data":"aGk=","timestamp":"2026-01-02T03:04:05.001Z"}]}',
      '{"warnings":[{"vertex":"digest of x","level":1,"short":"bm8=","detail":["RG8gaXQgdGhlIG90aGVyIHdheS4="],"url":"https://docs.test/rule","sourceInfo":{"filename":"Dockerfile","data":"RlJPTSBzY3JhdGNoCk1BSU5UQUlORVIgbWUK","language":"Dockerfile"},"range":[{"start":{"line":2},"end":{"line":2}}]}]}',
    ]);
  });
});

describe('on a terminal', () => {
  const size = { columns: 40, rows: 10 };
  const terminal = (options: Required<DisplayOptions>): Display =>
    terminalDisplay({ ...options, color: false, size: () => size });
  /** What stands on the screen after each time that it was drawn. */
  const screens = (written: string): readonly (readonly string[])[] =>
    written
      .split('\u001b[?25l')
      .slice(1)
      .map((drawn) => stripVTControlCharacters(drawn).replaceAll('\r', '').replace(/\n$/, '').split('\n'));

  test('all steps, what they print while they run, and the list as a whole at the end', () => {
    const drawn = screens(
      show(terminal, [
        [
          0,
          step('load', { started: 0 }),
          part('load', 'transferring:', { current: 2048, started: 0, completed: 100 }),
        ],
        [500, step('load', { started: 0, completed: 400 }), step('RUN make', { started: 400 })],
        [700, output('RUN make', 'one\n 10%\r 50%\rtwo\u001b[31m!\u001b[0m\n', 700)],
        [1000, step('RUN make', { started: 400, completed: 900 })],
      ]),
    );
    expect(drawn).toContainEqual([
      '[+] Building 0.7s (1/2)',
      ' => load                            0.4s',
      ' => => transferring: 2.05kB         0.1s',
      ' => RUN make                        0.3s',
      ' => => # one',
      ' => => # two!',
    ]);
    expect(drawn.at(-1)).toEqual([
      '[+] Building 1.0s (2/2) FINISHED',
      ' => load                            0.4s',
      ' => => transferring: 2.05kB         0.1s',
      ' => RUN make                        0.5s',
    ]);
  });

  test('what is drawn makes room for a line of somebody else', () => {
    let written = '';
    const display = terminal({ write: (text) => (written += text), now: () => BEGIN });
    display.update(step('load', { started: 0 }));
    display.refresh();
    written = '';
    display.clear?.();
    expect(written).toBe('\u001b[2A\r\u001b[J');
    display.refresh();
    // Below that line, and not over it.
    expect(written.slice('\u001b[2A\r\u001b[J'.length)).not.toMatch(/\[\d+A/);
  });

  test('no line is wider than the terminal, and there are no more than it has', () => {
    const names = Array.from({ length: 30 }, (_, index) => `RUN step ${index} ${'日本'.repeat(30)}`);
    const told: [Moment, ...StatusUpdate[]][] = names.map((name, index) => [
      index * 200,
      // The last begins while the third still runs.
      step(name, { started: index * 200, ...(index !== 2 && { completed: index * 200 + 100 }) }),
    ]);
    const written = show(terminal, told);
    const drawn = screens(written);
    for (const lines of drawn.slice(0, -1)) {
      expect(lines.length).toBeLessThan(size.rows);
      for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(size.columns);
    }
    // What runs is shown, however long ago it began.
    expect(drawn.at(-2)?.some((line) => line.includes('RUN step 2 '))).toBe(true);
    expect(drawn.at(-1)).toHaveLength(31);
  });
});

function columnsOf(line: string): number {
  return line.length + line.replaceAll(/[^\u2e80-\uffff]/g, '').length;
}

test('the lines of a Dockerfile that an error is about, with four around one, and two around several', () => {
  const text = 'FROM scratch\nCOPY a /a\n# so far\nRUN ["/a"]\nENV A=b\n';
  const excerpt = (start: number, end: number): string =>
    sourceExcerpt({ filename: 'Dockerfile', text, lines: [{ start, end }] });
  expect(excerpt(4, 4)).toBe(
    'Dockerfile:4\n--------------------\n' +
      '   2 |     COPY a /a\n   3 |     # so far\n   4 | >>> RUN ["/a"]\n   5 |     ENV A=b\n   6 |     \n' +
      '--------------------\n',
  );
  expect(excerpt(2, 4)).toBe(
    'Dockerfile:2\n--------------------\n' +
      '   1 |     FROM scratch\n   2 | >>> COPY a /a\n   3 | >>> # so far\n   4 | >>> RUN ["/a"]\n   5 |     ENV A=b\n' +
      '--------------------\n',
  );
  expect(excerpt(9, 9)).toBe('');
});

test('warnings stand at the end, with what to do about them where that is wanted', () => {
  const { warnings } = together(warning('x', 'MAINTAINER is old (line 2)', 2), warning('x', 'Beware'));
  expect(formatWarnings([])).toBe('');
  expect(formatWarnings(warnings)).toBe('\n 2 warnings found:\n - MAINTAINER is old (line 2)\n - Beware\n');
  expect(formatWarnings(warnings.slice(0, 1), { details: true })).toBe(
    '\n 1 warning found:\n - MAINTAINER is old (line 2)\nDo it the other way.\nMore info: https://docs.test/rule\n' +
      'Dockerfile:2\n--------------------\n   1 |     FROM scratch\n   2 | >>> MAINTAINER me\n   3 |     \n' +
      '--------------------\n\n',
  );
});
