import type { PlaceEvent } from '../../place/index.ts';
import { formatPlan, planAtLeast, plannedRequests, type Plan } from '../../plan/index.ts';
import type { Rate } from '../../transport/index.ts';
import { say, type Context } from '../context.ts';
import { countMade } from './requests-made.ts';

/** Tells people what a command is going to ask registries for, and what it has. */
export interface PlanReport {
  /**
   * Tells a plan: the first time, and again when more is known.
   * @param when on what it rests: `from the files alone`, `after the tag lists`
   */
  revise(plan: Plan, when: string): void;
  /** Counts what is made. */
  onEvent(event: PlaceEvent): void;
  /** Tells what was planned and what was made. */
  end(): void;
}

export interface PlanReportOptions {
  /** Else nothing is told. */
  readonly wanted: boolean;
  /** At which the requests go. */
  readonly rate?: Rate;
}

/** Prepares to tell a plan, on standard error. */
export function createPlanReport(context: Context, { wanted, rate }: PlanReportOptions): PlanReport {
  const made = countMade();
  let plan: Plan | undefined;
  let told = { when: '', requests: 0 };
  return {
    revise(revised, when) {
      // Less than was made already it cannot be.
      plan = planAtLeast(revised, made.requests);
      const requests = plannedRequests(plan);
      // What grows bit by bit is told when it has doubled; the end tells what it came to.
      if (!wanted || (when === told.when && requests < 2 * told.requests)) return;
      told = { when, requests };
      say(context, `plan, ${when}: ${formatPlan(plan, rate)}`);
    },
    onEvent: made.add,
    end() {
      if (wanted && plan !== undefined) for (const line of made.beside(plan)) say(context, line);
    },
  };
}
