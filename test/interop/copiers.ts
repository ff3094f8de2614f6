import { find } from './peers.ts';
import type { Stage } from './stage.ts';

/** A program that copies an image, all platforms of it, between two registries. */
export interface Copier {
  readonly name: string;
  copy(from: string, to: string): Promise<unknown>;
}

const skopeoCopy = ['copy', '--all', '--src-tls-verify=false', '--dest-tls-verify=false'];

/** Ours first, without what earlier copies have left in its cache; then those of the others that are installed. */
export function copiers(stage: Stage): readonly Copier[] {
  const all: readonly Copier[] = [
    { name: 'stowage', copy: (from, to) => stage.stowage('copy', '--no-cache', from, to) },
    { name: 'crane', copy: (from, to) => stage.run('crane', 'copy', '--insecure', from, to) },
    {
      name: 'oras',
      copy: (from, to) =>
        stage.run('oras', 'cp', '--no-tty', '--from-plain-http', '--to-plain-http', from, to),
    },
    {
      name: 'skopeo',
      copy: (from, to) => stage.run('skopeo', ...skopeoCopy, `docker://${from}`, `docker://${to}`),
    },
  ];
  return all.filter(({ name }) => name === 'stowage' || find(name) !== undefined);
}

/** Prints a table as Markdown has them. */
export function printTable(
  title: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const lines = [head, ...rows];
  const width = head.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  const line = ([name = '', ...cells]: readonly string[]): string => {
    const padded = cells.map((cell, column) => cell.padStart(width[column + 1] ?? 0));
    return `| ${[name.padEnd(width[0] ?? 0), ...padded].join(' | ')} |`;
  };
  const [first = '', ...others] = width.map((count) => '-'.repeat(count));
  const rule = `| ${[first, ...others.map((dashes) => `${dashes.slice(1)}:`)].join(' | ')} |`;
  console.log([`${title}:`, line(head), rule, ...rows.map(line)].join('\n'));
}
