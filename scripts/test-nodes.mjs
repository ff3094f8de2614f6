// Runs the unit tests on several versions of Node: `node scripts/test-nodes.mjs [MAJOR…]`.
// Each comes from npm's `node` package, into .cache/nodeMAJOR; remove the folder to get a newer one.
// Prints a line for each version (and the whole output of one that fails), then `N passed, N failed` for all of them.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const windows = process.platform === 'win32';
const asked = process.argv.slice(2);
const majors = asked.length > 0 ? asked : ['20', '22', '24', '26'];

const total = { passed: 0, failed: 0 };
for (const major of majors) {
  const { version, passed, failed, seconds, output } = test(major);
  total.passed += passed;
  total.failed += failed;
  if (failed > 0) console.log(output);
  console.log(`node ${major} (${version}): ${passed} passed, ${failed} failed in ${seconds.toFixed(1)} s`);
}
console.log(`${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed > 0 ? 1 : 0;

/** The counts of one version. A run that breaks, or that cannot begin, counts as a failed test. */
function test(major) {
  const started = performance.now();
  const done = (result) => ({ ...result, seconds: (performance.now() - started) / 1000 });
  if (!/^\d+$/.test(major))
    return done({ version: '?', passed: 0, failed: 1, output: `not a major version: ${major}` });

  const folder = join(root, '.cache', `node${major}`);
  const binary = join(folder, 'node_modules/node/bin', windows ? 'node.exe' : 'node');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    // The package's install script fetches the binary of this platform from the same registry.
    const npm = run(
      'npm',
      ['install', '--prefix', folder, '--ignore-scripts=false', `node@${major}`],
      windows,
    );
    if (!existsSync(binary))
      return done({ version: 'not installed', passed: 0, failed: 1, output: npm.output });
  }

  const version = run(binary, ['--version']).output.trim();
  const { status, output } = run(binary, [join(root, 'node_modules/vitest/vitest.mjs'), 'run']);
  const counts = [...output.matchAll(/^(\d+) passed, (\d+) failed/gm)].at(-1);
  const passed = Number(counts?.[1] ?? 0);
  const failed = Number(counts?.[2] ?? 0);
  return done({ version, passed, failed: status === 0 && counts ? failed : Math.max(failed, 1), output });
}

function run(command, args, shell = false) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    shell,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 256 * 1024 * 1024,
  });
  return { status, output: error ? String(error) : stdout + stderr };
}
