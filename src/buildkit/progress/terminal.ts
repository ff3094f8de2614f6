import { formatAmount } from './bytes.ts';
import { FASTEST, type Display, type DisplayOptions } from './display.ts';
import { failureLog } from './failure-log.ts';
import { secondsOf, type Interval } from './interval.ts';
import { millisecondsOf } from './status.ts';
import { createSteps, isCanceled, isCompleted, isRunning, type Step } from './steps.ts';
import { cut, tame, widthOf } from './width.ts';

/** The terminal that is drawn on. */
export interface TerminalOptions extends DisplayOptions {
  /** How large it is now, in characters. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Whether lines have colours. */
  readonly color: boolean;
}

/** What is kept of the output of a step, in lines: nothing of it stays on the screen. */
const KEPT_LINES = 1000;
/** How much of the output of a step that runs is shown, in lines. */
const TAIL = 6;
/** A line with less room than this for a name shows nothing, in columns. */
const NARROWEST = 12;

type Tone = 'done' | 'failed' | 'warned' | 'running' | 'faint';
const COLORS: Readonly<Record<Tone, string>> = {
  done: '34',
  failed: '31',
  warned: '33',
  running: '',
  faint: '2',
};

/** A line of the screen, of which the time stands at the right. */
interface Line {
  readonly text: string;
  readonly amount?: string;
  /** In seconds. */
  readonly time?: number;
  readonly tone: Tone;
  readonly runs: boolean;
  /** The step whose output can be shown below it. */
  readonly step?: Step;
}

/** A list of all steps that is drawn over itself, with the output of those that run; in the end it stays as a whole. */
export function terminalDisplay({ write, size, color, now = Date.now }: TerminalOptions): Display {
  const steps = createSteps({ keptLines: KEPT_LINES });
  const begun = now();
  /** How far the daemon's clock is behind ours, in milliseconds. */
  let behind: number | undefined;
  let drawn = begun;
  let height = 0;

  const paint = (tone: Tone, text: string): string =>
    color && COLORS[tone] !== '' ? `\u001b[${COLORS[tone]}m${text}\u001b[0m` : text;
  const draw = (isLast: boolean): void => {
    drawn = now();
    const given = size();
    const columns = given.columns > 0 ? given.columns : 80;
    const rows = given.rows > 0 ? given.rows : 24;
    const seen = [...steps.all.values()].filter(({ hidden }) => !hidden);
    const ended = seen.filter(isCompleted).length;
    const isFinished = isLast && ended > 0 && ended === seen.length;
    const counts = `(${ended}/${seen.length})${isFinished ? ' FINISHED' : ''}`;
    const header = `[+] Building ${((drawn - begun) / 1000).toFixed(1)}s ${counts}`;
    const all = steps.begun.flatMap((step) => linesOf(step, drawn - (behind ?? 0)));
    const shown = isLast ? all : choose(all, rows - 2);
    const tails = isLast ? new Map<Step, readonly string[]>() : tailsOf(shown, rows - 2 - shown.length);
    const screen = [cut(header, columns)];
    for (const line of shown) {
      screen.push(paint(line.tone, layOut(line, columns)));
      for (const text of tails.get(line.step ?? NOBODY) ?? [])
        screen.push(paint('faint', cut(` => => # ${text}`, columns)));
    }
    const up = height === 0 ? '' : `\u001b[${height}A`;
    const body = screen.map((line) => `${line}\u001b[K\n`).join('');
    write(`\u001b[?25l${up}\r${body}\u001b[J\u001b[?25h`);
    height = screen.length;
  };

  return {
    update(update) {
      steps.update(update);
      steps.changes.clear();
      for (const step of steps.begun) step.lines.length = 0;
      if (steps.start !== undefined) behind ??= now() - steps.start;
      if (now() - drawn >= FASTEST) draw(false);
    },
    refresh: () => draw(false),
    clear() {
      if (height > 0) write(`\u001b[${height}A\r\u001b[J`);
      height = 0;
    },
    end() {
      draw(true);
      write(failureLog(steps.begun));
    },
  };
}

/** Stands for no step. */
const NOBODY: Step = {
  digest: '',
  name: '',
  cached: false,
  error: '',
  intervals: [],
  hidden: true,
  parts: new Map(),
  warnings: [],
  lines: [],
  lastLines: [],
  events: 0,
};

/** The lines of a step: itself, its parts, what was found fault with. */
function linesOf(step: Step, now: number): readonly Line[] {
  const mark = isCanceled(step) ? 'CANCELED ' : step.error !== '' ? 'ERROR ' : step.cached ? 'CACHED ' : '';
  const isDone = isCompleted(step);
  const parts = [...step.parts.values()].map((part): Line => {
    const interval: Interval = {
      start: part.started === undefined ? now : millisecondsOf(part.started),
      ...(part.completed !== undefined && { stop: millisecondsOf(part.completed) }),
    };
    return {
      text: `=> ${tame(part.id)}`,
      amount: formatAmount(part),
      time: secondsOf([interval], now),
      tone: part.completed === undefined ? 'running' : 'done',
      runs: part.completed === undefined && !isDone,
    };
  });
  const warnings = step.warnings.map(({ short }): Line => ({
    text: `WARN: ${tame(new TextDecoder().decode(short))}`,
    time: secondsOf(step.intervals.slice(-1), now),
    tone: 'warned',
    runs: false,
  }));
  return [
    {
      text: `${mark}${tame(step.name)}`,
      time: secondsOf(step.intervals, now),
      tone: !isDone ? 'running' : isCanceled(step) ? 'warned' : step.error === '' ? 'done' : 'failed',
      runs: !isDone,
      step,
    },
    ...parts,
    ...warnings,
  ];
}

/** As many lines as there is room for, in their order: those of what runs, and the last of the others. */
function choose(lines: readonly Line[], room: number): readonly Line[] {
  if (lines.length <= room) return lines;
  const running = lines.filter(({ runs }) => runs).slice(-Math.max(0, room) || lines.length);
  const free = Math.max(0, room - running.length);
  const others = lines.filter(({ runs }) => !runs);
  const chosen = new Set([...running, ...others.slice(others.length - free)]);
  return room <= 0 ? [] : lines.filter((line) => chosen.has(line));
}

/** The last output of the steps that run, as far as there is room: the latest steps first. */
function tailsOf(lines: readonly Line[], room: number): ReadonlyMap<Step, readonly string[]> {
  const tails = new Map<Step, readonly string[]>();
  let left = room;
  for (const { step } of lines.toReversed()) {
    if (step === undefined || !isRunning(step) || left <= 0) continue;
    // What a program draws over itself is as it stands after the last return.
    const texts = step.lastLines.map(({ text }) => tame(text.trimEnd().split('\r').at(-1) ?? ''));
    const tail = texts.filter((text) => text !== '').slice(-Math.min(TAIL, left));
    tails.set(step, tail);
    left -= tail.length;
  }
  return tails;
}

/** ` => name 12.3MB          0.1s`, just as wide as the terminal. */
function layOut({ text, amount = '', time = 0 }: Line, columns: number): string {
  const timer = ` ${(time < 0.05 ? 0 : time).toFixed(1)}s`;
  const room = columns - 4 - timer.length - 1;
  if (room < NARROWEST) return cut(` => ${text}`, columns);
  const hasAmount = amount !== '' && room - amount.length > NARROWEST;
  const name = cut(text, hasAmount ? room - amount.length - 1 : room);
  const left = ` => ${name}${hasAmount ? ` ${amount}` : ''}`;
  return `${left}${' '.repeat(Math.max(1, columns - widthOf(left) - timer.length))}${timer}`;
}
