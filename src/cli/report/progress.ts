import { formatNumber, formatSeconds } from '../../plan/index.ts';
import { systemClock, type Clock } from '../../transport/index.ts';
import { say, stand, type Context, type Output } from '../context.ts';
import { formatSize } from '../size.ts';

/** How far a command has come, on standard error: a bar on a terminal, a plain line now and then elsewhere. */
export interface Progress {
  /** How much there is to do, as far as is known now. */
  expect(total: number): void;
  /** So much more is done; 1 unless told. */
  advance(by?: number): void;
  /** Takes the bar away, or says what it came to. To be called however the command ends. */
  end(): void;
}

export interface ProgressOptions {
  /** What is going on, as the line begins. */
  readonly name: string;
  /** What is counted, in the plural; `bytes` are told as sizes. */
  readonly unit: string;
  readonly clock?: Clock;
}

/** When the first is told, and how often, in milliseconds. Who is done sooner needs none. */
const BAR = { first: 500, each: 100 } as const;
const LINES = { first: 5000, each: 5000 } as const;
/** Over how long the rate is taken, in milliseconds: the start of a run says little about its end. */
const WINDOW = 10_000;
/** Shorter bars show nothing, and longer ones no more, in characters. */
const [SHORTEST, LONGEST] = [10, 40];
/** To the first column, and everything from there on away. */
const ERASE = '\r\u001b[K';

/** Begins to tell how far a command has come. Nothing is told of one that ends at once. */
export function createProgress(context: Context, options: ProgressOptions): Progress {
  const { name, clock = systemClock } = options;
  const { stderr } = context.process;
  const ending = new AbortController();
  const start = clock.now();
  const measure = createMeasure(start, options.unit);
  const onTerminal = isDrawable(context);
  let told = false;

  const draw = (): void => stderr.write(`\r${barOf(name, measure, widthOf(stderr) - 1)}\u001b[K`);
  const tell = (): void => {
    measure.look(clock.now());
    if (!onTerminal) say(context, `${name}: ${measure.text}`);
    else {
      if (!told) stand(context, { clear: () => stderr.write(ERASE), draw });
      draw();
    }
    told = true;
  };
  const goOn = async (): Promise<void> => {
    const { first, each } = onTerminal ? BAR : LINES;
    for (let wait: number = first; ; wait = each) {
      await clock.sleep(wait, ending.signal);
      tell();
    }
  };
  goOn().catch(() => {
    // It was ended.
  });

  return {
    expect: (total) => void (measure.total = total),
    advance: (by = 1) => void (measure.done += by),
    end() {
      if (ending.signal.aborted) return;
      ending.abort();
      if (!told) return;
      if (onTerminal) {
        stand(context, undefined);
        stderr.write(ERASE);
      }
      say(context, `${name}: ${measure.amount} in ${formatSeconds((clock.now() - start) / 1000)}`);
    },
  };
}

/** Whether a line can be drawn over: not by what shows the codes for that as they are, nor for who wants none. */
function isDrawable({ process: { stderr, env } }: Context): boolean {
  return stderr.isTTY === true && env['TERM'] !== 'dumb' && !env['NO_COLOR'];
}

/** Some terminals do not know how wide they are, or say 0. */
function widthOf({ columns = 0 }: Output): number {
  return columns > 0 ? columns : 80;
}

/** What was done, how fast, and for how much longer. */
interface Measure {
  done: number;
  total: number | undefined;
  /** Takes the rate anew. */
  look(now: number): void;
  /** `12 of 40 builds`. */
  readonly amount: string;
  /** `12 of 40 builds, 3.5 a second, 8 s left`. */
  readonly text: string;
}

function createMeasure(start: number, unit: string): Measure {
  const looks = [{ at: start, done: 0 }];
  let rate = 0;
  const format = unit === 'bytes' ? formatSize : formatNumber;
  const counted = unit === 'bytes' ? '' : ` ${unit}`;
  const measure: Measure = {
    done: 0,
    total: undefined,
    look(now) {
      const { done } = measure;
      looks.push({ at: now, done });
      // The first that is kept is the last of those that are old enough.
      while ((looks[1]?.at ?? now) <= now - WINDOW) looks.shift();
      const [from = { at: start, done: 0 }] = looks;
      rate = now > from.at ? ((done - from.done) * 1000) / (now - from.at) : 0;
    },
    get amount() {
      const { done, total } = measure;
      return `${format(done)}${total === undefined ? '' : ` of ${format(total)}`}${counted}`;
    },
    get text() {
      const { done, total } = measure;
      const left = total === undefined || rate === 0 ? undefined : Math.max(0, total - done) / rate;
      const speed = unit === 'bytes' || rate >= 10 ? format(Math.round(rate)) : rate.toFixed(1);
      return [
        measure.amount,
        `${speed} a second`,
        ...(left === undefined ? [] : [`${left < 59 ? `${Math.ceil(left)} s` : formatSeconds(left)} left`]),
      ].join(', ');
    },
  };
  return measure;
}

/** `copy [=====>    ] 12 of 40 builds, …`, as wide as it may be; without the bar where there is no room, or no end known. */
function barOf(name: string, { done, total, text }: Measure, width: number): string {
  const room = Math.min(LONGEST, width - name.length - text.length - 4);
  if (total === undefined || total === 0 || room < SHORTEST)
    return `${name}: ${text}`.slice(0, Math.max(0, width));
  const full = Math.min(room, Math.floor((done / total) * room));
  const bar = full === room ? '='.repeat(room) : `${'='.repeat(full)}>`.padEnd(room);
  return `${name} [${bar}] ${text}`;
}
