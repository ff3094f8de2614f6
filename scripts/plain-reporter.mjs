/**
 * A vitest reporter that ends a run with one plain line for machines: `N passed, N failed[, N skipped]`.
 * What fails without being a test (a file that does not load, a hook, a stray rejection) counts as failed,
 * so that the line never says `0 failed` of a run that failed.
 * @implements {import('vitest/reporters').Reporter}
 */
export default class PlainReporter {
  onTestRunEnd(modules, unhandledErrors) {
    let passed = 0;
    let failed = unhandledErrors.length;
    let skipped = 0;
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') passed += 1;
        else if (state === 'failed') failed += 1;
        else skipped += 1;
      }
      for (const group of [module, ...module.children.allSuites()]) failed += group.errors().length;
    }
    console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  }
}
