import { planOf, type Plan, type RequestLabel } from '../../plan/index.ts';

/** Requests that no plan could forecast. */
export interface UnplannedRequests {
  /** Another one is going to be made. */
  add(request: RequestLabel): void;
  /** As many as may be made before it is told anew. */
  plan(): Plan;
}

/**
 * Allows for more requests than there have been: twice as many each time that this is reached, so that not every one
 * of them is told.
 * @param onChange is told what is allowed from now on
 */
export function createUnplanned(onChange: (plan: Plan) => void): UnplannedRequests {
  const made = new Map<RequestLabel, number>();
  const allowed = new Map<RequestLabel, number>();
  const plan = (): Plan => planOf(Object.fromEntries(allowed));
  return {
    plan,
    add(request) {
      const count = (made.get(request) ?? 0) + 1;
      made.set(request, count);
      const before = allowed.get(request) ?? 0;
      if (count <= before) return;
      allowed.set(request, Math.max(1, before * 2));
      onChange(plan());
    },
  };
}
