import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exemptAttacks, exemptLayoutRows, exemptRows } from './rows-exempt.ts';

/** The numbers of a table, with the tag that tests carry in their names. */
interface Checklist {
  readonly file: string;
  /** The number of a line of the table. */
  readonly line: RegExp;
  readonly count: number;
  /** In a name: the numbers of a tag. */
  readonly tag: RegExp;
  readonly exempt: ReadonlyMap<number, string>;
}

const checklists: readonly Checklist[] = [
  { file: 'ROWS.md', line: /^\| (\d+) /gm, count: 139, tag: /\[rows? ([^\]]*)\]/g, exempt: exemptRows },
  { file: 'ATTACKS.md', line: /^\| A(\d+) /gm, count: 50, tag: /\[(A\d[^\]]*)\]/g, exempt: exemptAttacks },
  {
    file: 'LAYOUT-ROWS.md',
    line: /^\| (\d+) /gm,
    count: 64,
    tag: /\[layout ([^\]]*)\]/g,
    exempt: exemptLayoutRows,
  },
  {
    file: 'LAYOUT-ROWS.md',
    line: /^\| ([a-z]) /gm,
    count: 7,
    tag: /\[matrix ([^\]]*)\]/g,
    exempt: new Map(),
  },
];

/** A line of code in which a name may stand: none of a comment. */
interface CodeLine {
  readonly where: string;
  readonly text: string;
}

const lines: readonly CodeLine[] = ['test', 'src/registry/contract', 'src/wrap'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'rows.test.ts')
    .flatMap((name) => codeLines(join(folder, name))),
);

function codeLines(file: string): readonly CodeLine[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((text, at) => ({ where: `${file}:${at + 1}`, text }))
    .filter(({ text }) => !/^\s*(?:\/\/|\/?\*)/.test(text));
}

/** The number of a line: lines may have letters instead. */
function numberOf(label: string): number {
  return /^[a-z]$/.test(label) ? label.charCodeAt(0) - 'a'.charCodeAt(0) + 1 : Number(label);
}

/** `12`, `12, 14`, `3-5`, `A1, A3-A5`, `c`; undefined if it is none of these. */
function numbersOf(tag: string): readonly number[] | undefined {
  const numbers: number[] = [];
  for (const part of tag.split(',')) {
    const [, first, last = first] = /^\s*A?(\d+|[a-z])(?:-A?(\d+|[a-z]))?\s*$/.exec(part) ?? [];
    if (first === undefined) return undefined;
    for (let number = numberOf(first); number <= numberOf(last ?? first); number++) numbers.push(number);
  }
  return numbers;
}

describe.each(checklists)('$file, $tag', ({ file, line, count, tag, exempt }) => {
  const table = readFileSync(join('test', file), 'utf8');
  const all = Array.from({ length: count }, (_, at) => at + 1);
  const tags = lines.flatMap(({ where, text }) =>
    [...text.matchAll(tag)].map(([whole, inside = '']) => ({ where, whole, numbers: numbersOf(inside) })),
  );
  const shown = new Set(tags.flatMap(({ numbers = [] }) => numbers));

  test('says what each number means', () => {
    expect([...table.matchAll(line)].map(([, label = '']) => numberOf(label))).toEqual(all);
  });

  test('no test has a number that there is not', () => {
    const unknown = tags.filter(({ numbers }) => numbers?.every((number) => all.includes(number)) !== true);
    expect(unknown).toEqual([]);
  });

  test('each number has a test, or a reason to have none', () => {
    const missing = all.filter((number) => !shown.has(number) && !exempt.has(number));
    const meanings = [...table.matchAll(new RegExp(`${line.source}.*`, 'gm'))].map(([row]) =>
      row.replaceAll(/ +/g, ' '),
    );
    const meaning = (number: number): string => meanings[number - 1] ?? '';
    expect(missing.map(meaning), `${missing.length} without a test`).toEqual([]);
  });

  test('what has a reason to have none has none', () => {
    expect([...exempt.keys()].filter((number) => shown.has(number))).toEqual([]);
  });
});
