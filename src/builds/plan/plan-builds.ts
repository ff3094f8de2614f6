import { planOf, type Plan } from '../../plan/index.ts';
import type { Forecast } from './forecast.ts';
import type { ImageName } from '../sources/target.ts';
import { mostPages } from './page-budget.ts';

/** What a run of builds is going to ask, before any of it is known. */
export interface PlanInput {
  /** The repositories that tokens are needed for, by their hosts. */
  readonly repositories: ReadonlyMap<string, ReadonlySet<string>>;
  /** Images that builds start from, and that have to be looked up. */
  readonly images: readonly ImageName[];
  /** Pages of lists of tags. */
  readonly pages: number;
  /** Images of builds; … */
  readonly builds: number;
  /** … among them those that have a repository of their own each. */
  readonly apart: number;
}

/** The most requests that a run makes: a greeting for each registry, a token for each repository, and what it is about. */
export function planBuildRequests({ repositories, images, pages, builds, apart }: PlanInput): Plan {
  const tokens = [...repositories.values()].reduce((sum, { size }) => sum + size, 0);
  return planOf({
    'GET ping': repositories.size,
    'GET token': tokens + apart,
    'GET tags': pages,
    'GET manifest': images.length + builds,
  });
}

/** The most pages that are read of all lists. */
export function mostPagesOf(forecasts: readonly Forecast[]): number {
  const builds = new Map<string, number>();
  for (const { stagingRepository, cached, listed, missing, uncertain, open } of forecasts) {
    if (stagingRepository === undefined) continue;
    builds.set(
      stagingRepository.name,
      (builds.get(stagingRepository.name) ?? 0) + cached + listed + missing + uncertain + open,
    );
  }
  return [...builds.values()].reduce((sum, each) => sum + mostPages(each), 0);
}

/** Repositories by their hosts, each once. */
export function repositoriesOf(
  places: Iterable<{ readonly host: string; readonly repository: string }>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const repositories = new Map<string, Set<string>>();
  for (const { host, repository } of places) {
    const known = repositories.get(host);
    if (known === undefined) repositories.set(host, new Set([repository]));
    else known.add(repository);
  }
  return repositories;
}
