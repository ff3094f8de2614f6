import { formatPlain, indent, formatMember, formatObject } from '../../json/index.ts';
import type { Build } from '../resolve/resolver.ts';
import { createSourceFormatter } from './format-source.ts';

/**
 * Writes builds as a builds.json, as `jq --tab` formats it, in pieces: one for each build.
 * @param builds in the order of the file
 */
export async function* formatBuilds(builds: AsyncIterable<Build> | Iterable<Build>): AsyncGenerator<string> {
  const formatSource = createSourceFormatter();
  let separator = '{';
  for await (const build of builds) {
    yield `${separator}\n\t"${build.buildId}": ${formatBuild(build, formatSource(build.target))}`;
    separator = ',';
  }
  yield separator === '{' ? '{}\n' : '\n}\n';
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
