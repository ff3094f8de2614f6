import { configDefaults, defineConfig, type ViteUserConfig } from 'vitest/config';

/** The unit tests: they need nothing but npm packages. */
const config: ViteUserConfig = defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, 'test/interop/**'],
    // A process for each file: tests of the command line may change cwd and env. It costs 0.2 s a file; where that
    // hurts, `npx vitest --no-isolate`.
    pool: 'forks',
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
