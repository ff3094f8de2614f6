/** How many requests a run is going to make, before it makes them; how many it made. */
export {
  addPlans,
  entriesOf,
  planAtLeast,
  plannedPulls,
  plannedRequests,
  planOf,
  sumOf,
  type Plan,
  type RequestCounts,
  type RequestLabel,
} from './plan.ts';
export { plannedSeconds, type PlannedRate } from './rate.ts';
export { formatCounts, formatNumber, formatPlan, formatRequests, formatSeconds } from './format.ts';
export { beyondPlan, createTally, type Tally } from './tally.ts';
