import { entriesOf, type Plan, type RequestCounts, type RequestLabel } from './plan.ts';

/** Counts what a run makes, to be held against its plan. */
export interface Tally {
  /** A request was sent. */
  count(label: RequestLabel): void;
  /** A request that was sent, or is going to be, is one that was counted before: repetitions are not planned. */
  repeat(label: RequestLabel): void;
  /** Those that were sent, without repetitions. */
  readonly made: RequestCounts;
  /** Repetitions alone. */
  readonly repeated: RequestCounts;
}

/** Begins at nothing. */
export function createTally(): Tally {
  const sent = new Map<RequestLabel, number>();
  const repeated = new Map<RequestLabel, number>();
  return {
    count: (label) => increase(sent, label),
    repeat: (label) => increase(repeated, label),
    get made() {
      // One that was announced may not have been sent yet.
      const own = [...sent].map(([label, each]) => [label, each - (repeated.get(label) ?? 0)] as const);
      return Object.fromEntries(own.filter(([, each]) => each > 0));
    },
    get repeated() {
      return Object.fromEntries(repeated);
    },
  };
}

/** What was made beyond a plan, by what it was for. Nothing, unless the plan was wrong. */
export function beyondPlan(made: RequestCounts, plan: Plan): RequestCounts {
  const over = entriesOf(made).map(([label, each]) => [label, each - (plan.requests[label] ?? 0)] as const);
  return Object.fromEntries(over.filter(([, each]) => each > 0));
}

function increase(counts: Map<RequestLabel, number>, label: RequestLabel): void {
  counts.set(label, (counts.get(label) ?? 0) + 1);
}
