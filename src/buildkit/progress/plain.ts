import { formatAmount } from './bytes.ts';
import { FASTEST, type Display, type DisplayOptions } from './display.ts';
import { failureLog } from './failure-log.ts';
import { secondsOf } from './interval.ts';
import { millisecondsOf, type VertexStatus } from './status.ts';
import { createSteps, isCanceled, isCompleted, isRunning, type LogLine, type Step } from './steps.ts';

/** How long a step keeps the floor at least while others have something to say, in milliseconds. */
const FLOOR = 5000;
/** How long another waits for it at the most, in milliseconds. */
const LONGEST_WAIT = 10_000;
/** A part that goes on is told again after so much of it, or so long in milliseconds. */
const NEWS = { share: 0.05, time: 5000 } as const;
/** How much of a failed step is shown once more at the end, in lines. */
const KEPT_LINES = 10;

/** What was printed of a step. */
interface Printed {
  readonly number: number;
  readonly parts: Map<string, VertexStatus>;
  warnings: number;
}

/** A line that has not ended, and how many of its characters are printed. */
interface OpenLine {
  readonly line: LogLine;
  printed: number;
}

/**
 * Lines that are written once and stay: `#5 [2/3] RUN make`, `#5 0.123 cc -c main.c`, `#5 DONE 3.2s`. Steps that run at
 * once take turns, as with BuildKit's own tools.
 */
export function plainDisplay({ write, now = Date.now }: DisplayOptions): Display {
  const steps = createSteps({ keptLines: KEPT_LINES });
  const printed = new Map<Step, Printed>();
  /** Since when a step has something to say, and how often it had been told of before. */
  const waiting = new Map<Step, { readonly since: number; readonly events: number }>();
  let current: Step | undefined;
  let open: OpenLine | undefined;
  // Not at once: a step may be told to have ended that begins only then.
  let drawn = now();

  const endLine = (): void => {
    if (open !== undefined) write('\n');
    open = undefined;
  };
  const begin = (step: Step): Printed => {
    const known = printed.get(step);
    const entry = known ?? { number: printed.size + 1, parts: new Map(), warnings: 0 };
    if (step === current) return entry;
    endLine();
    if (current !== undefined) {
      waiting.delete(current);
      write(`#${printed.get(current)?.number ?? 0} ...\n`);
    }
    if (printed.size > 0) write('\n');
    printed.set(step, entry);
    write(`#${entry.number} ${step.name}\n`);
    current = step;
    return entry;
  };
  const printLines = (step: Step, number: number): void => {
    for (const line of step.lines.splice(0)) {
      if (open?.line !== line) {
        endLine();
        open = { line, printed: 0 };
        write(`#${number} ${line.age} `);
      }
      write(line.text.slice(open.printed));
      open.printed = line.text.length;
      if (!line.partial) endLine();
    }
  };
  const print = (step: Step): void => {
    const entry = begin(step);
    let goesOn = false;
    for (const id of steps.changes.get(step) ?? []) {
      const part = step.parts.get(id);
      if (part === undefined) continue;
      const last = entry.parts.get(id);
      if (last !== undefined && part.completed === undefined && !isNews(part, last)) continue;
      entry.parts.set(id, part);
      if (part.completed === undefined) goesOn = true;
      endLine();
      write(`#${entry.number} ${describePart(part)}\n`);
    }
    for (const { short } of step.warnings.slice(entry.warnings)) {
      endLine();
      write(`#${entry.number} WARN: ${new TextDecoder().decode(short)}\n`);
    }
    entry.warnings = step.warnings.length;
    printLines(step, entry.number);
    steps.changes.delete(step);
    if (!isCompleted(step) || goesOn) return;
    endLine();
    write(`#${entry.number} ${describeEnd(step, now())}\n`);
    waiting.delete(step);
    current = undefined;
  };

  const draw = (): void => {
    drawn = now();
    const before = current;
    const changed = [...steps.changes.keys()].filter(({ hidden }) => !hidden);
    // Who has the floor ends first, then the others, as they ended.
    const rank = (step: Step): number => (step === before ? Number.NEGATIVE_INFINITY : endOf(step));
    for (const step of changed.filter(isCompleted).toSorted((a, b) => rank(a) - rank(b))) print(step);
    const rest = changed.filter((step) => !isCompleted(step) && step.intervals.length > 0);
    const [first] = rest;
    if (first === undefined) {
      if (before !== undefined && isRunning(before)) return;
      const running = steps.begun.find((step) => isRunning(step) && !step.hidden);
      if (running !== undefined) print(running);
      return;
    }
    if (before !== undefined && rest.includes(before)) print(before);
    const next = nextToPrint(rest, before);
    if (next !== undefined && next !== before) print(next);
  };
  /** Who is to have the floor, if that is not the one who has it. */
  const nextToPrint = (rest: readonly Step[], before: Step | undefined): Step | undefined => {
    const speeds = rest.concat(before === undefined || rest.includes(before) ? [] : before).map((step) => {
      const { since, events } = waiting.get(step) ?? { since: drawn, events: step.events };
      const waited = drawn - since;
      return { step, waited, speed: (step.events - events) / Math.max(1, waited) };
    });
    const [fastest] = speeds.toSorted((a, b) => b.speed - a.speed);
    const holder = speeds.find(({ step }) => step === before);
    if (holder === undefined || isCompleted(holder.step)) return fastest?.step;
    const late = speeds.find(({ step, waited }) => step !== before && waited > LONGEST_WAIT);
    if (late !== undefined) return late.step;
    const total = speeds.reduce((sum, { speed }) => sum + speed, 0);
    const share = total === 0 ? 0 : holder.speed / total;
    return FLOOR / (1 - share) < holder.waited ? fastest?.step : undefined;
  };

  return {
    update(update) {
      steps.update(update);
      const at = now();
      for (const step of steps.changes.keys())
        if (!waiting.has(step)) waiting.set(step, { since: at, events: step.events - 1 });
      if (at - drawn >= FASTEST) draw();
    },
    refresh: draw,
    end() {
      draw();
      endLine();
      write(failureLog(steps.begun));
    },
  };
}

/** Whether enough of a part was done since it was last told. */
function isNews(part: VertexStatus, last: VertexStatus): boolean {
  const share = part.total > 0n ? Number(part.current - last.current) / Number(part.total) : 0;
  return share >= NEWS.share || timeOf(part) - timeOf(last) >= NEWS.time;
}

function timeOf({ timestamp }: VertexStatus): number {
  return timestamp === undefined ? 0 : millisecondsOf(timestamp);
}

/** `transferring context: 2B 0.1s done`. */
function describePart(part: VertexStatus): string {
  const { id, started, completed, timestamp } = part;
  const amount = formatAmount(part);
  const until = completed ?? timestamp;
  const seconds =
    started === undefined || until === undefined
      ? 0
      : (millisecondsOf(until) - millisecondsOf(started)) / 1000;
  return [
    id,
    ...(amount === '' ? [] : [amount]),
    ...(seconds > 0.01 ? [`${seconds.toFixed(1)}s`] : []),
    ...(completed === undefined ? [] : ['done']),
  ].join(' ');
}

function describeEnd(step: Step, now: number): string {
  if (isCanceled(step)) return 'CANCELED';
  if (step.error !== '') return `ERROR: ${step.error}`;
  return step.cached ? 'CACHED' : `DONE ${secondsOf(step.intervals, now).toFixed(1)}s`;
}

function endOf({ intervals }: Step): number {
  return intervals.at(-1)?.stop ?? 0;
}
