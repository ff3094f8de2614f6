import { formatText, members, indent, formatMember, formatObject } from '../../json/index.ts';
import type { SourceText, Target } from '../sources/target.ts';

/** A source, formatted but for its architectures, of which each build shows its own alone. */
interface FormattedSource {
  readonly source: SourceText;
  /** Members before and behind the architectures, each with its name. */
  readonly before: readonly string[];
  readonly behind: readonly string[];
  /** By name. */
  readonly arches: ReadonlyMap<string, string>;
}

/** How deep sources stand in a builds.json, in tabs. */
const DEPTH = 2;

/** Writes sources as builds show them. */
export interface SourceFormatter {
  /** The text of a target's source as it stands in a builds.json, as `jq --tab` formats it. */
  format(target: Target): string;
  /** Does beforehand, for a source that will soon be asked for, what its targets have in common. */
  prepare(source: SourceText): void;
}

/**
 * Writes sources as builds show them: with the one architecture that they are for, and otherwise as they are, their
 * fields in their order. A source that is asked for again at once is not read again.
 */
export function createSourceFormatter(): SourceFormatter {
  const prepared = new Map<SourceText, FormattedSource>();
  let last: FormattedSource | undefined;
  return {
    format({ source, arch }) {
      if (last?.source !== source) {
        last = prepared.get(source) ?? read(source);
        prepared.delete(source);
      }
      const { before, behind, arches } = last;
      const own = `"arches": ${formatObject([formatMember(arch, arches.get(arch) ?? '{}')], DEPTH + 1)}`;
      return formatObject([...before, own, ...behind], DEPTH);
    },
    prepare: (source) => void prepared.set(source, read(source)),
  };
}

function read(source: SourceText): FormattedSource {
  // Of two equal names the last counts, at the place of the first, as in a map.
  const all = new Map([...members(source.text.read())].map(({ name, value }) => [name, value]));
  const names = [...all.keys()];
  const at = names.indexOf('arches');
  const texts = [...all].map(([name, value]) =>
    name === 'arches' ? '' : formatMember(name, indent(formatText(value), DEPTH + 1)),
  );
  const arches = [...members(all.get('arches') ?? '{}')];
  return {
    source,
    before: texts.slice(0, at),
    behind: texts.slice(at + 1),
    arches: new Map(arches.map(({ name, value }) => [name, indent(formatText(value), DEPTH + 2)])),
  };
}
