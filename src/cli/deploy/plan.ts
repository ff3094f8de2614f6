import type { Deployed, DeployOptions, PlacedDocument, PlanStage } from '../../image/index.ts';
import type { Places } from '../../place/index.ts';
import { addPlans, planOf, plannedRequests, type Plan } from '../../plan/index.ts';
import type { Context } from '../context.ts';
import { createPlanReport } from '../report/plan-report.ts';
import type { Session } from '../session.ts';

/** What a plan rests on. */
const WHEN: Readonly<Record<PlanStage, string>> = {
  documents: 'from the documents alone',
  survey: 'after asking what is there',
  reading: 'with what was read since',
  end: 'with all that was read',
};
/** How much larger a plan has to have become to be worth another line, while more and more is read. */
const GROWN = 1.1;
/** As many repositories are in one token, where they are asked for in advance. */
const BATCH = 25;

/** Where a deploy goes. */
export interface DeployPlaces {
  readonly places: Pick<Places, 'rate'>;
  readonly session: Pick<Session, 'listen'>;
  readonly documents: readonly PlacedDocument[];
}

/** Tells what a deploy will ask for, and in the end what it has. */
export async function withDeployPlan(
  context: Context,
  { places, session, documents }: DeployPlaces,
  run: (hooks: Pick<DeployOptions, 'onPlan'>) => Promise<Deployed>,
): Promise<Deployed> {
  const entry = entryOf(documents);
  const [rate] = entry.hosts.flatMap((host) => places.rate(host) ?? []);
  const report = createPlanReport(context, { wanted: true, ...(rate !== undefined && { rate }) });
  let asked = false;
  session.listen((event) => {
    asked ||= event.type === 'token';
    report.onEvent(event);
  });
  let told = { size: 0, when: '' };
  const tell = (plan: Plan, stage: PlanStage): void => {
    // By then it is known whether registries want to know who we are.
    const whole =
      stage === 'documents' ? addPlans(plan, entry.foreseen) : asked ? addPlans(plan, entry.all) : plan;
    const size = plannedRequests(whole);
    const isNews = stage === 'reading' ? size >= told.size * GROWN : stage !== 'end' || size !== told.size;
    if (isNews) told = { size, when: WHEN[stage] };
    // What was made is held against the last plan, by kind, so the report gets each, and prints those that rest on
    // something else than the one before.
    report.revise(whole, told.when);
  };
  try {
    return await run({ onPlan: tell });
  } finally {
    report.end();
  }
}

/** The requests by which registries let us in. */
interface Entry {
  readonly hosts: readonly string[];
  /** As long as it is not known whether they want to know who we are. */
  readonly foreseen: Plan;
  /** Where they do: with the tokens for mounting from one repository to another. */
  readonly all: Plan;
}

function entryOf(documents: readonly PlacedDocument[]): Entry {
  const repositories = new Map<string, Set<string>>();
  const mounts = new Set<string>();
  const enter = (host: string, repository: string): void =>
    void repositories.set(host, (repositories.get(host) ?? new Set<string>()).add(repository));
  for (const { refs, lookup, copyFrom } of documents) {
    const sources = [...lookup.values(), ...(copyFrom === undefined ? [] : [copyFrom])];
    for (const { host, repository } of [...refs, ...sources]) enter(host, repository);
    for (const to of refs)
      for (const from of sources)
        if (from.host === to.host) mounts.add(`${to.host} ${from.repository} ${to.repository}`);
  }
  // Once for reading, once for writing; the first of each is asked for by itself.
  const tokens = [...repositories.values()].reduce(
    (sum, { size }) => sum + 2 + 2 * Math.ceil(size / BATCH),
    0,
  );
  const pings = { 'GET ping': repositories.size };
  return {
    hosts: [...repositories.keys()],
    foreseen: planOf({ ...pings, 'GET token': tokens }),
    all: planOf({ ...pings, 'GET token': tokens + mounts.size }),
  };
}
