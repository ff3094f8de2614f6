import { mergeIntervals, type Interval } from './interval.ts';
import {
  millisecondsOf,
  type StatusUpdate,
  type Vertex,
  type VertexLog,
  type VertexStatus,
  type VertexWarning,
} from './status.ts';

/** A line that a step printed. */
export interface LogLine {
  /** How long after the step began, in seconds: `0.123`. */
  readonly age: string;
  text: string;
  /** Nothing ended the line yet: what comes next belongs to it. */
  partial: boolean;
}

/** A step of a build, or several that are shown as one, as far as is known. */
export interface Step {
  readonly digest: string;
  name: string;
  cached: boolean;
  error: string;
  /** The times in which it ran, in order. None: it did not start. */
  intervals: readonly Interval[];
  /** Nothing of this group is worth a line yet. */
  hidden: boolean;
  /** Its parts that have begun, in that order. */
  readonly parts: Map<string, VertexStatus>;
  readonly warnings: VertexWarning[];
  /** All that was printed since a display last took it away. */
  readonly lines: LogLine[];
  /** The last lines that were printed. */
  readonly lastLines: LogLine[];
  /** How often something was told of it. */
  events: number;
}

/** The state of a build: what the daemon told of it, put together. */
export interface Steps {
  /** Those that have begun, in that order. */
  readonly begun: readonly Step[];
  /** All, of which some may never begin. */
  readonly all: ReadonlyMap<string, Step>;
  /** When the first began by the daemon's clock, in milliseconds. */
  readonly start: number | undefined;
  readonly warnings: readonly VertexWarning[];
  update(update: StatusUpdate): void;
  /** The steps of which something was told, with the names of the parts that it was told of. Who has shown one, takes it away. */
  readonly changes: Map<Step, Set<string>>;
}

export interface StepsOptions {
  /** How many of the last lines of a step are kept, for the case that it fails. */
  readonly keptLines: number;
}

/** Whether the step has ended, as far as is known: it may begin again. */
export function isCompleted({ intervals }: Step): boolean {
  return intervals.at(-1)?.stop !== undefined;
}

/** Whether the step has begun, and not ended. */
export function isRunning({ intervals }: Step): boolean {
  const last = intervals.at(-1);
  return last !== undefined && last.stop === undefined;
}

/** Whether the step did not fail by itself, but was ended because others did. */
export function isCanceled({ error }: Step): boolean {
  return error.endsWith('context canceled');
}

/** Begins to put together what the daemon tells of a build. */
export function createSteps({ keptLines }: StepsOptions): Steps {
  const byDigest = new Map<string, Step>();
  const all = new Map<string, Step>();
  const members = new Map<Step, Map<string, Vertex>>();
  const times = new Map<Step, Map<number, Interval>>();
  const begun: Step[] = [];
  const warnings: VertexWarning[] = [];
  const changes = new Map<Step, Set<string>>();
  const decode = streamDecoders();
  let start: number | undefined;

  const change = (step: Step, part?: string): void => {
    const parts = changes.get(step) ?? new Set();
    if (part !== undefined) parts.add(part);
    changes.set(step, parts);
    step.events += 1;
  };
  const stepOf = (digest: string, name: string): Step => {
    const known = all.get(digest);
    if (known !== undefined) return known;
    const step = newStep(digest, name);
    all.set(digest, step);
    times.set(step, new Map());
    return step;
  };
  const ran = (step: Step, { started, completed }: Vertex): boolean => {
    if (started === undefined) return false;
    const from = millisecondsOf(started);
    const interval = { start: from, ...(completed !== undefined && { stop: millisecondsOf(completed) }) };
    const known = times.get(step);
    const before = known?.get(from);
    known?.set(from, interval);
    step.intervals = mergeIntervals(known?.values() ?? []);
    return before?.stop !== interval.stop || before === undefined;
  };

  const updateGroup = (vertex: Vertex, group: NonNullable<Vertex['progressGroup']>): void => {
    const isNew = !all.has(group.id);
    const step = stepOf(group.id, group.name);
    byDigest.set(vertex.digest, step);
    if (isNew) step.hidden = true;
    const known = members.get(step) ?? new Map<string, Vertex>();
    members.set(step, known.set(vertex.digest, vertex));
    let differs = ran(step, vertex);
    const wasHidden = step.hidden;
    // A weak member is not worth a line by itself.
    if (vertex.started !== undefined && !group.weak) step.hidden = false;
    const told = [...known.values()];
    const cached = told.every((member) => member.cached);
    const error = told.find((member) => member.error !== '')?.error ?? '';
    if (error !== '') step.hidden = false;
    differs ||= cached !== step.cached || error !== step.error;
    Object.assign(step, { cached, error });
    if (step.hidden) return;
    if (wasHidden) begun.push(step);
    if (differs || wasHidden) change(step);
  };
  const updateVertex = (vertex: Vertex): void => {
    const { digest, name, cached, error, started } = vertex;
    const step = stepOf(digest, name);
    byDigest.set(digest, step);
    const wasBegun = step.intervals.length > 0;
    if (started === undefined && wasBegun) return;
    const differs = ran(step, vertex) || name !== step.name || cached !== step.cached || error !== step.error;
    Object.assign(step, { name, cached, error });
    if (started === undefined) return;
    if (!wasBegun) begun.push(step);
    if (differs) change(step);
  };

  return {
    begun,
    all,
    get start() {
      return start;
    },
    warnings,
    update(update) {
      for (const vertex of update.vertexes) {
        if (start === undefined && vertex.started !== undefined) start = millisecondsOf(vertex.started);
        if (vertex.progressGroup === undefined) updateVertex(vertex);
        else updateGroup(vertex, vertex.progressGroup);
      }
      for (const status of update.statuses) {
        const step = byDigest.get(status.vertex);
        if (step === undefined) continue;
        if (status.started !== undefined || step.parts.has(status.id)) step.parts.set(status.id, status);
        change(step, status.id);
      }
      for (const warning of update.warnings) {
        warnings.push(warning);
        byDigest.get(warning.vertex)?.warnings.push(warning);
      }
      for (const log of update.logs) {
        const step = byDigest.get(log.vertex);
        if (step === undefined) continue;
        addLog(step, log, { text: decode(log), keptLines });
        change(step);
      }
    },
    changes,
  };
}

function newStep(digest: string, name: string): Step {
  return {
    digest,
    name,
    cached: false,
    error: '',
    intervals: [],
    hidden: false,
    parts: new Map(),
    warnings: [],
    lines: [],
    lastLines: [],
    events: 0,
  };
}

/** Decodes what steps print, each of their streams on its own: a character may begin in one message and end in the next. */
function streamDecoders(): (log: VertexLog) => string {
  const decoders = new Map<string, InstanceType<typeof TextDecoder>>();
  return ({ vertex, stream, msg }) => {
    const key = `${vertex} ${stream}`;
    const decoder = decoders.get(key) ?? new TextDecoder();
    decoders.set(key, decoder);
    return decoder.decode(msg, { stream: true });
  };
}

/** Takes what a step printed apart into lines. */
function addLog(
  step: Step,
  log: VertexLog,
  { text, keptLines }: { readonly text: string; readonly keptLines: number },
): void {
  if (text === '') return;
  const pieces = text.split('\n');
  const isEnded = pieces.at(-1) === '';
  if (isEnded) pieces.pop();
  for (const [index, piece] of pieces.entries()) {
    const partial = !isEnded && index === pieces.length - 1;
    const last = step.lastLines.at(-1);
    if (index === 0 && last?.partial === true) {
      last.text += piece;
      last.partial = partial;
      // A display may have taken the beginning of the line away.
      if (step.lines.at(-1) !== last) step.lines.push(last);
      continue;
    }
    const line = { age: ageOf(step, log), text: piece, partial };
    step.lines.push(line);
    step.lastLines.push(line);
    if (step.lastLines.length > keptLines) step.lastLines.shift();
  }
}

/** How long after its step began something was printed, in seconds, to about four digits. */
function ageOf({ intervals }: Step, { timestamp }: VertexLog): string {
  const began = intervals.at(-1)?.start;
  const seconds =
    began === undefined || timestamp === undefined ? 0 : (millisecondsOf(timestamp) - began) / 1000;
  return seconds.toFixed(seconds < 10 ? 3 : seconds < 100 ? 2 : 1);
}
