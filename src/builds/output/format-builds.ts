import { setImmediate } from 'node:timers/promises';
import { formatPlain, indent, formatMember, formatObject } from '../../json/index.ts';
import type { Build } from '../resolve/resolver.ts';
import type { Sources } from '../sources/link-parents.ts';
import { createSourceFormatter, type SourceFormatter } from './format-source.ts';

/** So many sources are made ready while the first build is waited for: those of the Docker Official Images, and more. */
const READY = 1000;

/**
 * Writes builds as a builds.json, as `jq --tab` formats it, in pieces: one for each build.
 * @param builds in the order of the file
 * @param sources of the builds, for what can be done before the first of them is there
 */
export async function* formatBuilds(
  builds: AsyncIterable<Build> | Iterable<Build>,
  sources?: Sources,
): AsyncGenerator<string> {
  const formatter = createSourceFormatter();
  let waiting = true;
  let separator = '{';
  try {
    // What it fails with, whoever needs that source is told.
    if (sources !== undefined) makeReady(sources, formatter, () => waiting).catch(() => {});
    for await (const build of builds) {
      waiting = false;
      yield `${separator}\n\t"${build.buildId}": ${formatBuild(build, formatter.format(build.target))}`;
      separator = ',';
    }
  } finally {
    waiting = false;
  }
  yield separator === '{' ? '{}\n' : '\n}\n';
}

/** Formats sources as long as nobody has anything else to do, one in each turn of the event loop. */
async function makeReady(
  { targets }: Sources,
  formatter: SourceFormatter,
  isIdle: () => boolean,
): Promise<void> {
  const sources = new Set(targets.map(({ source }) => source));
  for (const source of [...sources].slice(0, READY)) {
    await setImmediate();
    if (!isIdle()) return;
    formatter.prepare(source);
  }
}

/** A build, with the source as it stands in it. */
function formatBuild({ buildId, img, resolved, target, parents }: Build, source: string): string {
  const all = [...parents];
  return `{
\t\t"buildId": "${buildId}",
\t\t"build": {
\t\t\t"img": ${formatPlain(img)},
\t\t\t"resolved": ${resolved === undefined ? 'null' : indent(resolved.text, 3)},
\t\t\t"sourceId": ${formatPlain(target.source.sourceId)},
\t\t\t"arch": ${formatPlain(target.arch)},
\t\t\t"parents": ${formatObject(
    all.map(([from, { digest }]) => formatMember(from, formatPlain(digest))),
    3,
  )},
\t\t\t"resolvedParents": ${formatObject(
    all.map(([from, { text }]) => formatMember(from, indent(text, 4))),
    3,
  )}
\t\t},
\t\t"source": ${source}
\t}`;
}
