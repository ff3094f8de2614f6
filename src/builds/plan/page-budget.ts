import type { Forecast } from './forecast.ts';
import type { StagingRepository } from '../resolve/staging.ts';
import type { TagList } from './tag-list.ts';

/**
 * Of builds of which nothing is known, so many are not there, before any was looked at: where the cache knows none of
 * their kind, most have been built. What a cache that knows the others does not know, was missing when it was written.
 */
const MISSING = { unknown: 0.1, passedOver: 0.9 } as const;
/** What was found in a list counts against that as if so many builds had been looked at before. */
const BELIEF = 10;
/** A list with so few pages for each build has a page for every so many builds at the most. */
const BUILDS_PER_PAGE = 32;

/**
 * The most pages that are read of a list, whatever is in it, so that a plan can be made before: a page for 32 builds.
 * @param builds that it may tell of
 */
export function mostPages(builds: number): number {
  return builds < 2 ? 0 : 1 + Math.floor(builds / BUILDS_PER_PAGE);
}

/**
 * How many pages of a list to read next. A page costs a request, and spares one for each build that turns out not to be
 * there; so it is worth reading on as long as more of those are to be expected than there are pages left.
 * @param forecasts of the tagLists in the repository
 * @returns 0 when the builds had better be asked for one by one
 */
export function pagesToRead(list: TagList, forecasts: readonly Forecast[]): number {
  const sum = (of: (forecast: Forecast) => number): number =>
    forecasts.reduce((total, forecast) => total + of(forecast), 0);
  if (list.ended) return 0;
  const [cached, missing, looked] = [
    sum((each) => each.cached),
    sum((each) => each.missing),
    sum((each) => each.missing + each.listed),
  ];
  const uncertain = sum((each) => each.uncertain + each.open);
  const most = mostPages(cached + looked + uncertain) - list.pages;
  const known = cached / Math.max(1, cached + looked + uncertain);
  const prior = MISSING.unknown + (MISSING.passedOver - MISSING.unknown) * known;
  const share = (prior * BELIEF + missing) / (BELIEF + looked);
  const left = Math.ceil(pagesLeft(list, forecasts));
  if (share * uncertain <= left) return 0;
  // What is left is a guess; it becomes better the more is read.
  return Math.max(0, Math.min(most, left, Math.max(1, list.pages)));
}

/** A guess from how far the list has come among the ids of builds, which are spread evenly. */
function pagesLeft(list: TagList, forecasts: readonly Forecast[]): number {
  if (list.pages === 0) return 1;
  let [all, covered] = [0, 0];
  for (const { stagingRepository, listed, missing, uncertain, open } of forecasts) {
    const builds = listed + missing + uncertain + open;
    all += builds;
    covered +=
      stagingRepository === undefined || list.reach === undefined
        ? 0
        : builds * reachIn(stagingRepository, list.reach);
  }
  // It has not come to any builds yet.
  if (covered === 0) return 2 * list.pages;
  return Math.max(1, (list.pages * all) / covered - list.pages);
}

/** Which share of a repository's ids, from 0 to 1, comes before a tag. */
function reachIn({ prefix }: StagingRepository, tag: string): number {
  if (!tag.startsWith(prefix)) return tag > prefix ? 1 : 0;
  const digits = /^[0-9a-f]{1,12}/.exec(tag.slice(prefix.length))?.[0] ?? '';
  return digits === '' ? Number(tag > `${prefix}0`) : Number.parseInt(digits, 16) / 16 ** digits.length;
}
