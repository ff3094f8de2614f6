import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig, type ViteUserConfig } from 'vitest/config';

const ALONE = [
  'test/store/layout/gc-moments.test.ts',
  'test/store/layout/group.test.ts',
  'test/store/layout/referrers.test.ts',
];

/** The unit tests: they need nothing but npm packages. */
const config: ViteUserConfig = defineConfig({
  test: {
    pool: 'forks',
    // Also where there are two processors only, of which vitest would leave one to itself.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // A process for each file would take a second of each. Only those that put something in the place of a module
    // have one of their own; the others leave the process as they found it.
    projects: [
      {
        extends: true,
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, 'test/interop/**', ...ALONE],
          isolate: false,
        },
      },
      { extends: true, test: { name: 'alone', include: ALONE } },
    ],
    testTimeout: 20_000,
    // A forgotten `.only` fails; while working, `npx vitest --allowOnly`.
    allowOnly: false,
    reporters: ['default', './scripts/plain-reporter.mjs'],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text', 'html', 'lcovonly'],
    },
  },
});

export default config;
