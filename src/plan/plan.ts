/** What a request is for, as events tell it: its method and its kind, as in `GET manifest` or `POST upload`. */
export type RequestLabel = `${string} ${string}`;

/** Numbers of requests by what they are for. What is not there is none. */
export type RequestCounts = Readonly<Record<RequestLabel, number>>;

/** How many requests a run makes at the most, by what they are for. */
export interface Plan {
  readonly requests: RequestCounts;
}

/**
 * Makes a plan of numbers of requests. Those of which there are none are left out.
 * @throws {RangeError} for a number that is no number of requests.
 */
export function planOf(requests: RequestCounts): Plan {
  return addPlans({ requests });
}

/** The plan of a run that does what each of these is the plan of. @throws {RangeError} as `planOf` does. */
export function addPlans(...plans: readonly Plan[]): Plan {
  const sums = new Map<RequestLabel, number>();
  for (const [label, requests] of plans.flatMap((plan) => entriesOf(plan.requests))) {
    if (!Number.isSafeInteger(requests) || requests < 0)
      throw new RangeError(`no number of requests: ${label} ${requests}`);
    if (requests > 0) sums.set(label, (sums.get(label) ?? 0) + requests);
  }
  return { requests: Object.fromEntries(sums) };
}

/** A plan that allows, of each kind, no fewer requests than were made already. */
export function planAtLeast(plan: Plan, made: RequestCounts): Plan {
  const more = entriesOf(made).filter(([label, each]) => each > (plan.requests[label] ?? 0));
  return { requests: { ...plan.requests, ...Object.fromEntries(more) } };
}

/** How many requests a plan allows in all. */
export function plannedRequests({ requests }: Plan): number {
  return sumOf(requests);
}

/**
 * How many of them Docker Hub counts as pulls: every GET of a manifest, of an index as of an image, and no HEAD.
 * @see https://docs.docker.com/docker-hub/usage/pulls/
 */
export function plannedPulls({ requests }: Plan): number {
  return requests['GET manifest'] ?? 0;
}

/** How many requests there are of all kinds together. */
export function sumOf(requests: RequestCounts): number {
  return entriesOf(requests).reduce((sum, [, each]) => sum + each, 0);
}

/** The numbers with what they are of, which keeps its type. */
export function entriesOf(requests: RequestCounts): readonly (readonly [RequestLabel, number])[] {
  return Object.entries(requests) as [RequestLabel, number][];
}
