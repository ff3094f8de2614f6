/**
 * Runs the suite against a registry, and prints what failed and a table of the groups. From the project's root:
 *
 *     npx esbuild test/conformance/run.ts --bundle --platform=node --format=esm --log-level=error |
 *       node --input-type=module - http://127.0.0.1:5000
 *
 * `--repositories one,two` names those to write to; `--only text` runs the cases whose "group: name" has the text.
 */
import { parseArgs } from 'node:util';
import { conformance } from './suite.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    repositories: { type: 'string', default: 'conformance/one,conformance/two' },
    only: { type: 'string', default: '' },
  },
});
const [url] = positionals;
const [first, second] = values.repositories.split(',');
if (url === undefined || first === undefined || second === undefined) {
  console.error('usage: run.ts URL [--repositories one,two] [--only text]');
  process.exit(2);
}

const groups = new Map<string, { passed: number; failed: number }>();
for (const { group, name, run } of conformance({ url, repositories: [first, second] })) {
  if (!`${group}: ${name}`.includes(values.only)) continue;
  const counts = groups.get(group) ?? { passed: 0, failed: 0 };
  groups.set(group, counts);
  try {
    await run();
    counts.passed++;
  } catch (error) {
    counts.failed++;
    console.log(`FAIL ${group}: ${name}\n  ${error instanceof Error ? error.message : String(error)}\n`);
  }
}

const rows = [...groups].map(([group, { passed, failed }]) => [group, passed, failed] as const);
const sum = (column: 1 | 2): number => rows.reduce((total, row) => total + row[column], 0);
for (const [group, passed, failed] of [['group', 'passed', 'failed'], ...rows, ['all', sum(1), sum(2)]]) {
  console.log(String(group).padEnd(36) + String(passed).padStart(8) + String(failed).padStart(8));
}
process.exit(sum(2) > 0 ? 1 : 0);
