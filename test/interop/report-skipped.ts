import type { Reporter, TestModule } from 'vitest/node';

/** Ends a run with one plain list of what was left out, and why. */
export default class SkippedReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const reasons = new Map<string, string[]>();
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const result = test.result();
        const reason = result.state === 'skipped' ? result.note : undefined;
        if (reason === undefined) continue; // left out by whoever runs the tests: `-t`
        reasons.set(reason, [...(reasons.get(reason) ?? []), test.fullName]);
      }
    }
    for (const [reason, names] of reasons)
      console.log(`skipped: ${reason}\n${names.map((name) => `  ${name}`).join('\n')}`);
  }
}
